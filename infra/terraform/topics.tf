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

# Everyone who may publish on a topic: a binding is the whole list, so what was added by hand shows in a plan and is removed.
resource "google_pubsub_topic_iam_binding" "publisher" {
  for_each = { for topic, members in local.publishers : topic => members if length(members) > 0 }
  topic    = local.topics[each.key].id
  role     = "roles/pubsub.publisher"
  members  = each.value
}
