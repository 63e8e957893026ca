output "settings" {
  description = "Environment variables for `troupe --backend gcp`: terraform output -json settings."
  value       = local.settings
}

output "topics" {
  description = "Topic of each event and signal, by its name in the catalogue."
  value       = { for k, t in merge(google_pubsub_topic.event, google_pubsub_topic.signal) : k => t.id }
}

output "services" {
  description = "URL of each service; only Pub/Sub's pushes reach it."
  value       = { for k, s in google_cloud_run_v2_service.service : k => s.uri }
}

output "revision" {
  description = "Suffix of the newest revision of every service. Give the one of the last apply as serving_revision to stage the next."
  value       = local.revision
}

output "console" {
  description = "Address of the console; null without one."
  value       = var.console == null ? null : "https://${local.console_host}"
}

output "accounts" {
  description = "Service account of each service. A source table in another project must grant read access to the one of plan-run."
  value       = { for k, a in google_service_account.service : k => a.email }
}

output "dataset" {
  description = "The dataset of the tables."
  value       = google_bigquery_dataset.troupe.id
}

output "buckets" {
  description = "The buckets for request files and for Vertex's output."
  value       = { for k, b in google_storage_bucket.data : k => b.name }
}

output "request_a_test_run" {
  description = "Command that starts a run over ten transcripts."
  value       = "gcloud pubsub topics publish ${var.topic_prefix}run-requested --project ${var.project_id} --message '{\"mode\": \"test\", \"limit\": 10}'"
}
