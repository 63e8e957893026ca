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
  # Lines that are counted, some of them only beyond a threshold.
  logged = {
    event_dead_lettered = { event = "event-dead-lettered", description = "Dead letters, each counted once" }
    run_refused         = { event = "run-refused", description = "Requests that were refused" }
    duty_failed         = { event = "tick-duty-failed", description = "Duties of the tick that failed; the next tick tries again" }
    ticks               = { event = "ticked", description = "Ticks that read the open runs" }
    runs_open_too_long  = { event = "ticked", beyond = "oldest_open_days>=${var.thresholds.open_days}", description = "Ticks that found a run open for ${var.thresholds.open_days} days" }
    runs_with_failures  = { event = "run-reported", beyond = "error_rate>${var.thresholds.error_rate}", description = "Runs with more failed records than the threshold" }
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

resource "google_logging_metric" "logged" {
  for_each    = local.logged
  name        = "${var.name}/${each.key}"
  description = each.value.description
  filter      = join(" AND ", compact([local.service_logs, "jsonPayload.message=\"${each.value.event}\"", try("jsonPayload.${each.value.beyond}", "")]))

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"
  }
}

# Shares of closed values that moved beyond chance, when the report of a run is written: names of columns and values alone.
resource "google_logging_metric" "moved_shares" {
  name        = "${var.name}/moved_shares"
  description = "Shares of the answers that moved beyond chance, by analysis, column and value"
  filter      = "${local.service_logs} AND jsonPayload.message=\"share-moved\""

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"
    dynamic "labels" {
      for_each = ["analysis", "column", "value"]
      content {
        key        = labels.value
        value_type = "STRING"
      }
    }
  }
  label_extractors = {
    analysis = "EXTRACT(jsonPayload.analysis)"
    column   = "EXTRACT(jsonPayload.column)"
    value    = "EXTRACT(jsonPayload.value)"
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
