resource "google_pubsub_topic" "event" {
  for_each        = local.events
  name            = "${var.topic_prefix}${each.key}"
  kms_key_name    = var.kms_key
  deletion_policy = local.deletion_policy
  depends_on      = [google_kms_crypto_key_iam_member.agent]
}

# A signal only says "look now": after ten minutes the next one has replaced it.
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
  topics = merge(google_pubsub_topic.event, google_pubsub_topic.signal, google_pubsub_topic.dead_letter)
}

resource "google_pubsub_topic_iam_member" "service" {
  for_each = local.topic_grants
  topic    = local.topics[each.value.topic].id
  role     = "roles/pubsub.publisher"
  member   = google_service_account.service[each.value.service].member
}
