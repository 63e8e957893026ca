# One push subscription for each pair of topic and handler: events, signals, and dead letters that are recorded. Only events
# have a dead-letter policy: a lost signal needs no replay, and dead letters have no further topic.
resource "google_pubsub_subscription" "push" {
  for_each                   = local.subscriptions
  name                       = "${var.topic_prefix}${each.key}"
  topic                      = local.topics[each.value.topic].id
  ack_deadline_seconds       = local.ack_deadline
  message_retention_duration = contains(local.signals, each.value.topic) ? "600s" : local.max_retention
  deletion_policy            = local.deletion_policy

  push_config {
    push_endpoint = google_cloud_run_v2_service.service[local.service_of[each.value.handler]].uri
    oidc_token {
      service_account_email = google_service_account.push.email
      audience              = local.audiences[local.service_of[each.value.handler]]
    }
  }
  retry_policy {
    minimum_backoff = "10s"
    maximum_backoff = "600s"
  }
  dynamic "dead_letter_policy" {
    for_each = compact([each.value.dead_letter_topic])
    content {
      dead_letter_topic     = local.topics[dead_letter_policy.value].id
      max_delivery_attempts = var.max_delivery_attempts
    }
  }
  expiration_policy {
    ttl = "" # never
  }
  depends_on = [
    google_pubsub_topic_iam_binding.publisher,
    google_cloud_run_v2_service_iam_binding.invoker,
  ]
}

# Pub/Sub forwards a dead letter only if its agent may publish on the dead-letter topic (grants.tf), and acknowledge the
# message on its subscription. The grant is lost with a subscription that is replaced.
resource "google_pubsub_subscription_iam_binding" "subscriber" {
  for_each     = local.event_subscriptions
  subscription = google_pubsub_subscription.push[each.key].name
  role         = "roles/pubsub.subscriber"
  members      = [local.pubsub_agent]

  lifecycle {
    replace_triggered_by = [google_pubsub_subscription.push[each.key].id]
  }
}
