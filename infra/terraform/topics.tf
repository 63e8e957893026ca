resource "google_pubsub_topic" "fact" {
  for_each        = local.facts
  name            = "${var.topic_prefix}${each.key}"
  kms_key_name    = var.kms_key
  deletion_policy = local.deletion_policy
  depends_on      = [google_kms_crypto_key_iam_member.agent]
}

# Signals say "look now": after ten minutes the next one has said it again.
resource "google_pubsub_topic" "signal" {
  for_each                   = local.signals
  name                       = "${var.topic_prefix}${each.key}"
  kms_key_name               = var.kms_key
  message_retention_duration = "600s"
  deletion_policy            = local.deletion_policy
  depends_on                 = [google_kms_crypto_key_iam_member.agent]
}

resource "google_pubsub_topic" "dead_letter" {
  for_each        = local.dead_letters
  name            = "${var.topic_prefix}${each.key}"
  kms_key_name    = var.kms_key
  deletion_policy = local.deletion_policy
  depends_on      = [google_kms_crypto_key_iam_member.agent]
}

locals {
  topics = merge(google_pubsub_topic.fact, google_pubsub_topic.dead_letter)
}

resource "google_pubsub_topic_iam_member" "service" {
  for_each = local.publishes
  topic    = local.topics[each.value.topic].id
  role     = "roles/pubsub.publisher"
  member   = google_service_account.service[each.value.service].member
}

# Pub/Sub gives up a message only where its agent may publish the dead letter …
resource "google_pubsub_topic_iam_member" "gives_up" {
  for_each = local.dead_letters
  topic    = google_pubsub_topic.dead_letter[each.key].id
  role     = "roles/pubsub.publisher"
  member   = local.pubsub_agent
}

# … and acknowledge the message where it took it from. The grant goes with a subscription that is replaced.
resource "google_pubsub_subscription_iam_member" "gives_up" {
  for_each     = local.of_facts
  subscription = google_pubsub_subscription.fact[each.key].name
  role         = "roles/pubsub.subscriber"
  member       = local.pubsub_agent

  lifecycle {
    replace_triggered_by = [google_pubsub_subscription.fact[each.key].id]
  }
}
