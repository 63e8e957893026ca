# Objectives: the shares of batches whose records were analysed, and of runs that were completed in time. A log-based metric
# counts lines, so a batch of at most 20,000 records weighs as much as any other.
locals {
  objectives = {
    batches = {
      title = "batches with at least ${var.objectives.analysed_share * 100} % of their records analysed"
      goal  = var.objectives.batches, metric = "analysed_share", message = "batch-over", field = "share"
      min   = var.objectives.analysed_share, max = null, width = 0.01
    }
    runs = {
      title = "runs completed within ${var.objectives.run_hours} hours"
      goal  = var.objectives.runs, metric = "run_hours", message = "run-reported", field = "hours"
      min   = null, max = var.objectives.run_hours, width = 1
    }
  }
  # How many times faster than allowed the error budget is spent, over an hour and over a day.
  burn_rates = { fast = { seconds = 3600, times = 10 }, slow = { seconds = 86400, times = 2 } }
}

resource "google_logging_metric" "objective" {
  for_each        = local.objectives
  name            = "${var.name}/${each.value.metric}"
  description     = "For the objective on ${each.value.title}"
  filter          = "${local.service_logs} AND jsonPayload.message=\"${each.value.message}\" AND jsonPayload.${each.value.field}>=0"
  value_extractor = "EXTRACT(jsonPayload.${each.value.field})"

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "DISTRIBUTION"
  }
  # A cut at a bound of a bucket is exact.
  bucket_options {
    linear_buckets {
      offset             = 0
      width              = each.value.width
      num_finite_buckets = 101
    }
  }
}

resource "google_monitoring_custom_service" "troupe" {
  service_id   = var.name
  display_name = "Troupe ${var.deployment}"
}

resource "google_monitoring_slo" "objective" {
  for_each            = local.objectives
  service             = google_monitoring_custom_service.troupe.service_id
  slo_id              = each.key
  display_name        = each.value.title
  goal                = each.value.goal
  rolling_period_days = 28

  request_based_sli {
    distribution_cut {
      distribution_filter = "${local.log_metric}/${each.value.metric}\""
      range {
        min = each.value.min
        max = each.value.max
      }
    }
  }
  depends_on = [google_logging_metric.objective]
}

resource "google_monitoring_alert_policy" "objective" {
  for_each              = local.objectives
  display_name          = "Troupe ${var.deployment}: too few ${each.value.title}"
  combiner              = "OR"
  severity              = "WARNING"
  notification_channels = local.alert_channels

  dynamic "conditions" {
    for_each = local.burn_rates
    content {
      display_name = "the error budget is spent more than ${conditions.value.times} times too fast"
      condition_threshold {
        filter          = "select_slo_burn_rate(\"projects/${var.project_id}/services/${var.name}/serviceLevelObjectives/${each.key}\", \"${conditions.value.seconds}s\")"
        comparison      = "COMPARISON_GT"
        threshold_value = conditions.value.times
        duration        = "0s"
        trigger {
          count = 1
        }
      }
    }
  }
  documentation {
    subject   = "Troupe: too few ${each.value.title}"
    content   = "What to do: ${var.runbook_url}#objective-${each.key}"
    mime_type = "text/markdown"
    dynamic "links" {
      for_each = local.runbook_links
      content {
        display_name = "Runbook"
        url          = "${links.value}#objective-${each.key}"
      }
    }
  }
  depends_on = [google_monitoring_slo.objective]
}
