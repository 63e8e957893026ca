resource "google_monitoring_notification_channel" "email" {
  for_each     = var.alert_emails
  display_name = "Troupe ${var.deployment}: ${each.key}"
  type         = "email"
  labels       = { email_address = each.key }
}

locals {
  alert_channels = concat([for c in google_monitoring_notification_channel.email : c.id], tolist(var.alert_channels))

  oldest_unacked  = "resource.type=\"pubsub_subscription\" AND metric.type=\"pubsub.googleapis.com/subscription/oldest_unacked_message_age\""
  push_requests   = "resource.type=\"pubsub_subscription\" AND metric.type=\"pubsub.googleapis.com/subscription/push_request_count\""
  responses       = "resource.type=\"cloud_run_revision\" AND metric.type=\"run.googleapis.com/request_count\""
  log_metric      = "resource.type=\"cloud_run_revision\" AND metric.type=\"logging.googleapis.com/user/${var.name}"
  by_subscription = "resource.label.subscription_id"

  event_subscription_names = join(", ", [for name in keys(local.event_subscriptions) : jsonencode("${var.topic_prefix}${name}")])
  service_names            = join(", ", [for name in keys(local.services) : jsonencode("${var.name}-${name}")])
  failed_responses         = "${local.responses} AND metric.labels.response_code_class=\"5xx\" AND resource.labels.service_name=one_of(${local.service_names})"

  # The name of a log-based metric in PromQL: the first slash is a colon there, every other special character an underscore.
  promql_metric = "logging_googleapis_com:user_${replace(var.name, "-", "_")}"
  promql_labels = "monitored_resource=\"cloud_run_revision\""

  # Cloud Monitoring accepts only an address as a link; a path is shown in the content alone.
  runbook_links = startswith(var.runbook_url, "https://") ? [var.runbook_url] : []

  # Each name is a section of docs/runbook.md. Thresholds that users may want to change are variables. An alert has a
  # threshold, or the seconds without data after which it opens, or a query.
  alerts = {
    dead-letters-waiting = {
      severity = "ERROR", title = "a dead letter waits for an operator"
      filter   = "${local.log_metric}/event_dead_lettered\""
      aligner  = "ALIGN_DELTA", threshold = 0
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
      filter   = local.failed_responses
      aligner  = "ALIGN_RATE", threshold = var.thresholds.failing_per_minute / 60, minutes = 10
    }
    # 403: the token, its account or the subscription is another one. 429: no instance takes the request. A message is pushed
    # again after ten minutes at the latest, and a burst of a quarter of an hour is none.
    refused-pushes = {
      severity = "ERROR", title = "pushes to a service are refused"
      filter   = "${local.push_requests} AND metric.labels.response_class=\"remote_server_4xx\" AND ${local.our_subscriptions}"
      aligner  = "ALIGN_DELTA", threshold = 0, minutes = 15, period = 600, sum_by = local.by_subscription
    }
    silent-tick = {
      severity = "CRITICAL", title = "no tick was acknowledged for ${var.thresholds.silent_tick_minutes} minutes"
      filter   = "${local.push_requests} AND metric.labels.response_class=\"ack\" AND resource.labels.subscription_id=\"${var.topic_prefix}watch-jobs.watch-tick\""
      aligner  = "ALIGN_DELTA", absent = var.thresholds.silent_tick_minutes * 60, period = 300, sum_by = local.by_subscription
    }
    # A condition on absence needs a series that existed. This one opens without: after an apply, too.
    tick-never-worked = {
      severity = "CRITICAL", title = "no tick has worked"
      query    = "absent_over_time(${local.promql_metric}_ticks{${local.promql_labels}}[30m])", minutes = 30
    }
    daily-run-missing = {
      severity = "ERROR", title = "no run was requested for ${var.thresholds.daily_run_hours} hours"
      enabled  = var.daily_schedule != null && var.thresholds.daily_run_hours > 0
      query    = "absent_over_time(${local.promql_metric}_deliveries{${local.promql_labels},topic=\"run-requested\",outcome=\"done\"}[24h])"
      minutes  = (var.thresholds.daily_run_hours - 24) * 60
    }
    open-run = {
      severity = "WARNING", title = "a run is open for ${var.thresholds.open_days} days"
      filter   = "${local.log_metric}/runs_open_too_long\""
      aligner  = "ALIGN_DELTA", threshold = 0
    }
    error-rate = {
      severity = "WARNING", title = "a run ended with more than ${var.thresholds.error_rate * 100} % failed records"
      filter   = "${local.log_metric}/runs_with_failures\""
      aligner  = "ALIGN_DELTA", threshold = 0
    }
    refused-run = {
      severity = "WARNING", title = "a request was refused"
      filter   = "${local.log_metric}/run_refused\""
      aligner  = "ALIGN_DELTA", threshold = 0
    }
    failing-duty = {
      severity = "WARNING", title = "a duty of the tick fails"
      filter   = "${local.log_metric}/duty_failed\""
      aligner  = "ALIGN_DELTA", threshold = 2
    }
    moved-share = {
      severity = "WARNING", title = "a share of the answers moved beyond chance"
      filter   = "${local.log_metric}/moved_shares\""
      aligner  = "ALIGN_DELTA", threshold = 0
      # Cloud Monitoring fills in the labels of the series.
      names = "Analysis $${metric.label.analysis}, column $${metric.label.column}, value $${metric.label.value}. "
    }
  }
  enabled_alerts = { for name, alert in local.alerts : name => alert if try(alert.enabled, true) }
}

resource "google_monitoring_alert_policy" "alert" {
  for_each              = local.enabled_alerts
  display_name          = "Troupe ${var.deployment}: ${each.value.title}"
  combiner              = "OR"
  severity              = each.value.severity
  notification_channels = local.alert_channels

  conditions {
    display_name = each.value.title

    dynamic "condition_threshold" {
      for_each = try([each.value.threshold], [])
      content {
        filter          = each.value.filter
        comparison      = "COMPARISON_GT"
        threshold_value = condition_threshold.value
        duration        = "${try(each.value.minutes, 0) * 60}s"

        aggregations {
          alignment_period     = "${try(each.value.period, 900)}s"
          per_series_aligner   = each.value.aligner
          cross_series_reducer = can(each.value.sum_by) ? "REDUCE_SUM" : null
          group_by_fields      = try([each.value.sum_by], null)
        }
        trigger {
          count = 1
        }
      }
    }

    dynamic "condition_absent" {
      for_each = try([each.value.absent], [])
      content {
        filter   = each.value.filter
        duration = "${condition_absent.value}s"

        aggregations {
          alignment_period     = "${each.value.period}s"
          per_series_aligner   = each.value.aligner
          cross_series_reducer = "REDUCE_SUM"
          group_by_fields      = [each.value.sum_by]
        }
        trigger {
          count = 1
        }
      }
    }

    # The metric of a line that was never logged has no descriptor yet, so its name is not validated.
    dynamic "condition_prometheus_query_language" {
      for_each = try([each.value.query], [])
      content {
        query                     = condition_prometheus_query_language.value
        duration                  = "${each.value.minutes * 60}s"
        evaluation_interval       = "300s"
        disable_metric_validation = true
      }
    }
  }
  documentation {
    subject   = "Troupe: ${each.value.title}"
    content   = "${try(each.value.names, "")}What to do: ${var.runbook_url}#${each.key}"
    mime_type = "text/markdown"
    dynamic "links" {
      for_each = local.runbook_links
      content {
        display_name = "Runbook"
        url          = "${links.value}#${each.key}"
      }
    }
  }
  depends_on = [google_logging_metric.logged, google_logging_metric.moved_shares, google_logging_metric.deliveries]
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
    monitoring_notification_channels = local.alert_channels
    disable_default_iam_recipients   = false
  }
}
