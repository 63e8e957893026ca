# Log-based metrics of the services' log lines, which hold ids, counts and rates alone.
locals {
  service_logs = "resource.type=\"cloud_run_revision\" AND resource.labels.service_name=~\"^${var.name}-(${join("|", keys(local.services))})$\""

  # The five success metrics that `report-run` logs when a run has completed.
  success_metrics = {
    batch_success_rate = "Share of the batches that were completed"
    batches_per_hour   = "Batches ended per hour"
    error_rate         = "Share of the records that failed"
    deduplication_rate = "Share of the requested rows that were analysed before"
    recovery_seconds   = "Seconds from an attempt that left records open to the end of its batch"
  }
  logged_errors = {
    event_dead_lettered = { event = "event-dead-lettered", description = "Dead letters, each counted once" }
    run_refused         = { event = "run-refused", description = "Requests that were refused" }
    duty_failed         = { event = "tick-duty-failed", description = "Duties of the tick that failed; the next tick tries again" }
  }
}

resource "google_logging_metric" "success" {
  for_each        = local.success_metrics
  name            = "${var.name}/${each.key}"
  description     = each.value
  filter          = "${local.service_logs} AND jsonPayload.message=\"run-reported\" AND jsonPayload.${each.key}>=0"
  value_extractor = "EXTRACT(jsonPayload.${each.key})"

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "DISTRIBUTION"
  }

  # Rates in steps of one per cent up to 100 %; the others in powers of two, up to half a year of seconds.
  bucket_options {
    dynamic "linear_buckets" {
      for_each = endswith(each.key, "_rate") ? [0.01] : []
      content {
        offset             = 0
        width              = linear_buckets.value
        num_finite_buckets = 101
      }
    }
    dynamic "exponential_buckets" {
      for_each = endswith(each.key, "_rate") ? [] : [2]
      content {
        scale              = 1
        growth_factor      = exponential_buckets.value
        num_finite_buckets = 24
      }
    }
  }
}

resource "google_logging_metric" "logged_error" {
  for_each    = local.logged_errors
  name        = "${var.name}/${each.key}"
  description = each.value.description
  filter      = "${local.service_logs} AND jsonPayload.message=\"${each.value.event}\""

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"
  }
}

# The outcome of each delivery: done, wait, redeliver or dead_lettered.
resource "google_logging_metric" "deliveries" {
  name        = "${var.name}/deliveries"
  description = "Deliveries by topic and outcome"
  filter      = "${local.service_logs} AND jsonPayload.message=\"delivered\""

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"
    labels {
      key        = "topic"
      value_type = "STRING"
    }
    labels {
      key        = "outcome"
      value_type = "STRING"
    }
  }
  label_extractors = {
    topic   = "EXTRACT(jsonPayload.topic)"
    outcome = "EXTRACT(jsonPayload.outcome)"
  }
}
