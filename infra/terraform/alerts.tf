resource "google_monitoring_notification_channel" "email" {
  for_each     = var.alert_emails
  display_name = "Troupe ${var.deployment}: ${each.key}"
  type         = "email"
  labels       = { email_address = each.key }
}

locals {
  oldest_unacked = "resource.type=\"pubsub_subscription\" AND metric.type=\"pubsub.googleapis.com/subscription/oldest_unacked_message_age\""
  push_requests  = "resource.type=\"pubsub_subscription\" AND metric.type=\"pubsub.googleapis.com/subscription/push_request_count\""
  responses      = "resource.type=\"cloud_run_revision\" AND metric.type=\"run.googleapis.com/request_count\""
  log_metric     = "resource.type=\"cloud_run_revision\" AND metric.type=\"logging.googleapis.com/user/${var.name}"

  event_subscription_names = join(", ", [for name in keys(local.event_subscriptions) : jsonencode("${var.topic_prefix}${name}")])
  service_names            = join(", ", [for name in keys(local.services) : jsonencode("${var.name}-${name}")])

  # Cloud Monitoring accepts only an address as a link; a path is shown in the content alone.
  runbook_links = startswith(var.runbook_url, "https://") ? [var.runbook_url] : []

  # Each name is a section of docs/runbook.md. Thresholds that users may want to change are variables.
  alerts = {
    dead-letters-waiting = {
      severity = "ERROR", title = "a dead letter waits for an operator"
      filter   = "${local.log_metric}/event_dead_lettered\""
      aligner  = "ALIGN_DELTA", threshold = 0, minutes = 0
    }
    dead-letters-unrecorded = {
      severity = "ERROR", title = "dead letters could not be recorded for an hour"
      filter   = "${local.oldest_unacked} AND resource.labels.subscription_id=starts_with(\"${var.topic_prefix}record-dead-letter.\")"
      aligner  = "ALIGN_MAX", threshold = 3600, minutes = 5
    }
    oldest-unacknowledged = {
      severity = "WARNING", title = "an event is unacknowledged for ${var.thresholds.unacknowledged_minutes} minutes"
      filter   = "${local.oldest_unacked} AND resource.labels.subscription_id=one_of(${local.event_subscription_names})"
      aligner  = "ALIGN_MAX", threshold = var.thresholds.unacknowledged_minutes * 60, minutes = 5
    }
    failing-handlers = {
      severity = "WARNING", title = "a handler keeps failing"
      filter   = "${local.responses} AND metric.labels.response_code_class=\"5xx\" AND resource.labels.service_name=one_of(${local.service_names})"
      aligner  = "ALIGN_RATE", threshold = var.thresholds.failing_per_minute / 60, minutes = 10
    }
    error-rate = {
      severity = "WARNING", title = "a run ended with more than ${var.thresholds.error_rate * 100} % failed records"
      filter   = "${local.log_metric}/error_rate\""
      aligner  = "ALIGN_PERCENTILE_99", threshold = var.thresholds.error_rate, minutes = 0
    }
    refused-run = {
      severity = "WARNING", title = "a request was refused"
      filter   = "${local.log_metric}/run_refused\""
      aligner  = "ALIGN_DELTA", threshold = 0, minutes = 0
    }
    failing-duty = {
      severity = "WARNING", title = "a duty of the tick fails"
      filter   = "${local.log_metric}/duty_failed\""
      aligner  = "ALIGN_DELTA", threshold = 2, minutes = 0
    }
  }
}

resource "google_monitoring_alert_policy" "alert" {
  for_each              = local.alerts
  display_name          = "Troupe ${var.deployment}: ${each.value.title}"
  combiner              = "OR"
  severity              = each.value.severity
  notification_channels = [for c in google_monitoring_notification_channel.email : c.id]

  conditions {
    display_name = each.value.title
    condition_threshold {
      filter          = each.value.filter
      comparison      = "COMPARISON_GT"
      threshold_value = each.value.threshold
      duration        = "${each.value.minutes * 60}s"

      aggregations {
        alignment_period   = "900s"
        per_series_aligner = each.value.aligner
      }
      trigger {
        count = 1
      }
    }
  }
  documentation {
    subject   = "Troupe: ${each.value.title}"
    content   = "What to do: ${var.runbook_url}#${each.key}"
    mime_type = "text/markdown"
    dynamic "links" {
      for_each = local.runbook_links
      content {
        display_name = "Runbook"
        url          = "${links.value}#${each.key}"
      }
    }
  }
  depends_on = [google_logging_metric.success, google_logging_metric.logged_error]
}

# A metric that stops reporting never exceeds a threshold: this alert opens when the tick is absent.
resource "google_monitoring_alert_policy" "silent_tick" {
  display_name          = "Troupe ${var.deployment}: no tick is delivered"
  combiner              = "OR"
  severity              = "CRITICAL"
  notification_channels = [for c in google_monitoring_notification_channel.email : c.id]

  conditions {
    display_name = "no tick was delivered for ${var.thresholds.silent_tick_minutes} minutes"
    condition_absent {
      filter   = "${local.push_requests} AND resource.labels.subscription_id=\"${var.topic_prefix}watch-jobs.watch-tick\""
      duration = "${var.thresholds.silent_tick_minutes * 60}s"

      aggregations {
        alignment_period   = "300s"
        per_series_aligner = "ALIGN_RATE"
      }
      trigger {
        count = 1
      }
    }
  }
  documentation {
    subject   = "Troupe: no tick is delivered"
    content   = "What to do: ${var.runbook_url}#silent-tick"
    mime_type = "text/markdown"
    dynamic "links" {
      for_each = local.runbook_links
      content {
        display_name = "Runbook"
        url          = "${links.value}#silent-tick"
      }
    }
  }
}

resource "google_billing_budget" "monthly" {
  count           = var.billing_account == null ? 0 : 1
  billing_account = var.billing_account
  display_name    = "${var.name} monthly; see ${var.runbook_url}#budget"

  budget_filter {
    projects = ["projects/${data.google_project.this.number}"]
  }
  amount {
    specified_amount {
      currency_code = var.monthly_budget.currency
      units         = tostring(var.monthly_budget.units)
    }
  }
  dynamic "threshold_rules" {
    for_each = [0.5, 0.9, 1.0]
    content {
      threshold_percent = threshold_rules.value
    }
  }
  all_updates_rule {
    monitoring_notification_channels = [for c in google_monitoring_notification_channel.email : c.id]
    disable_default_iam_recipients   = false
  }
}
