locals {
  undelivered       = "resource.type=\"pubsub_subscription\" AND metric.type=\"pubsub.googleapis.com/subscription/num_undelivered_messages\""
  our_subscriptions = "resource.labels.subscription_id=monitoring.regex.full_match(\"${var.topic_prefix}(${join("|", keys(local.service_of))})[.].*\")"

  charts = concat(
    [
      { title = "Undelivered messages", by = "resource.label.subscription_id", aligner = "ALIGN_MAX", filter = "${local.undelivered} AND ${local.our_subscriptions}" },
      { title = "Age of the oldest unacknowledged message, seconds", by = "resource.label.subscription_id", aligner = "ALIGN_MAX", filter = "${local.oldest_unacked} AND ${local.our_subscriptions}" },
      { title = "Dead letters", by = "resource.label.service_name", aligner = "ALIGN_DELTA", filter = local.alerts.dead-letters-waiting.filter },
      { title = "Deliveries per second, by outcome", by = "metric.label.outcome", aligner = "ALIGN_RATE", filter = "${local.log_metric}/deliveries\"" },
      { title = "5xx responses per second", by = "resource.label.service_name", aligner = "ALIGN_RATE", filter = local.failed_responses },
    ],
    [
      for metric, title in local.success_metrics :
      { title = title, by = "resource.label.service_name", aligner = "ALIGN_PERCENTILE_50", filter = "${local.log_metric}/${metric}\"" }
    ],
  )
}

resource "google_monitoring_dashboard" "troupe" {
  dashboard_json = jsonencode({
    displayName = "Troupe ${var.deployment}"
    mosaicLayout = {
      columns = 12
      tiles = [
        for i, chart in local.charts : {
          xPos = (i % 2) * 6, yPos = floor(i / 2) * 4, width = 6, height = 4
          widget = {
            title = chart.title
            xyChart = {
              dataSets = [{
                plotType = "LINE"
                timeSeriesQuery = {
                  timeSeriesFilter = {
                    filter = chart.filter
                    aggregation = {
                      alignmentPeriod    = "300s"
                      perSeriesAligner   = chart.aligner
                      crossSeriesReducer = "REDUCE_MAX"
                      groupByFields      = [chart.by]
                    }
                  }
                }
              }]
            }
          }
        }
      ]
    }
  })
}
