locals {
  push = {
    for name, s in local.subscriptions : name => {
      name     = "${var.topic_prefix}${name}"
      endpoint = google_cloud_run_v2_service.service[local.service_of[s.handler]].uri
    }
  }
}

resource "google_pubsub_subscription" "fact" {
  for_each                   = local.of_facts
  name                       = local.push[each.key].name
  topic                      = google_pubsub_topic.fact[each.value.topic].id
  ack_deadline_seconds       = local.deadline
  message_retention_duration = "${local.longest}s"
  deletion_policy            = local.deletion_policy

  push_config {
    push_endpoint = local.push[each.key].endpoint
    oidc_token {
      service_account_email = google_service_account.push.email
      audience              = local.push[each.key].endpoint
    }
  }
  retry_policy {
    minimum_backoff = "10s"
    maximum_backoff = "600s"
  }
  dead_letter_policy {
    dead_letter_topic     = google_pubsub_topic.dead_letter[each.value.dead_letter_topic].id
    max_delivery_attempts = var.max_delivery_attempts
  }
  expiration_policy {
    ttl = local.never
  }
  depends_on = [google_pubsub_topic_iam_member.gives_up, google_cloud_run_v2_service_iam_member.push]
}

# A lost signal needs no replay, so there is no dead letter.
resource "google_pubsub_subscription" "signal" {
  for_each                   = local.of_signals
  name                       = local.push[each.key].name
  topic                      = google_pubsub_topic.signal[each.value.topic].id
  ack_deadline_seconds       = local.deadline
  message_retention_duration = "600s"
  deletion_policy            = local.deletion_policy

  push_config {
    push_endpoint = local.push[each.key].endpoint
    oidc_token {
      service_account_email = google_service_account.push.email
      audience              = local.push[each.key].endpoint
    }
  }
  retry_policy {
    minimum_backoff = "10s"
    maximum_backoff = "600s"
  }
  expiration_policy {
    ttl = local.never
  }
  depends_on = [google_cloud_run_v2_service_iam_member.push]
}

# Writes down what was set aside. Nothing lies behind it: it tries for as long as Pub/Sub keeps a message.
resource "google_pubsub_subscription" "dead_letter" {
  for_each                   = local.of_dead_letters
  name                       = local.push[each.key].name
  topic                      = google_pubsub_topic.dead_letter[each.value.topic].id
  ack_deadline_seconds       = local.deadline
  message_retention_duration = "${local.longest}s"
  deletion_policy            = local.deletion_policy

  push_config {
    push_endpoint = local.push[each.key].endpoint
    oidc_token {
      service_account_email = google_service_account.push.email
      audience              = local.push[each.key].endpoint
    }
  }
  retry_policy {
    minimum_backoff = "10s"
    maximum_backoff = "600s"
  }
  expiration_policy {
    ttl = local.never
  }
  depends_on = [google_cloud_run_v2_service_iam_member.push]
}

# The letters themselves, for people: `troupe dead-letters` lists, replays and discards them.
resource "google_pubsub_subscription" "people" {
  for_each                   = local.dead_letters
  name                       = "${var.topic_prefix}people.${each.key}"
  topic                      = google_pubsub_topic.dead_letter[each.key].id
  ack_deadline_seconds       = local.deadline
  message_retention_duration = "${local.longest}s"
  deletion_policy            = local.deletion_policy

  expiration_policy {
    ttl = local.never
  }
}
