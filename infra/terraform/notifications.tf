# Who is notified when a run is over: a webhook, whose address and key are secrets, and channels of Cloud Monitoring, which a log
# line reaches. Terraform knows the names of the secrets alone; their values are in no state and in no plan.
locals {
  notifier = local.service_of["notify-run"]
  notify_secrets = { for variable, secret in {
    TROUPE_NOTIFY_URL    = var.notifications.url_secret
    TROUPE_NOTIFY_SECRET = var.notifications.signing_secret
  } : variable => secret if secret != null }
  notify_settings = merge(
    var.notifications.url_secret == null ? {} : { TROUPE_NOTIFY_FORMAT = var.notifications.format },
    length(var.notifications.channels) == 0 ? {} : { TROUPE_NOTIFY_LOG = "true" },
  )
  # Fields of the log line that a mail shows.
  notified = ["run_id", "analysis", "outcome", "records", "analysed", "failed", "released", "reasons", "cost", "simulated", "next"]
}

# Cloud Run reads a secret as the account of the service, when an instance starts.
resource "google_secret_manager_secret_iam_member" "notifier" {
  for_each  = local.notify_secrets
  project   = var.project_id
  secret_id = each.value
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.service[local.notifier].member
}

resource "google_monitoring_alert_policy" "run_ended" {
  count                 = length(var.notifications.channels) == 0 ? 0 : 1
  display_name          = "Troupe ${var.deployment}: a run is over"
  combiner              = "OR"
  notification_channels = var.notifications.channels

  conditions {
    display_name = "a run is over"
    condition_matched_log {
      filter           = "${local.service_logs} AND jsonPayload.message=\"run-ended\""
      label_extractors = { for field in local.notified : field => "EXTRACT(jsonPayload.${field})" }
    }
  }
  alert_strategy {
    auto_close = "1800s"
    notification_rate_limit {
      period = "300s"
    }
  }
  documentation {
    subject   = "Troupe: a run is over"
    content   = "Run $${log.extracted_label.run_id} of $${log.extracted_label.analysis}: $${log.extracted_label.outcome} $${log.extracted_label.reasons}. Records: $${log.extracted_label.records}, analysed $${log.extracted_label.analysed}, failed $${log.extracted_label.failed}, released $${log.extracted_label.released}. US dollars: $${log.extracted_label.cost}; simulated: $${log.extracted_label.simulated}. Next: `$${log.extracted_label.next}`"
    mime_type = "text/markdown"
  }
}
