# Vertex sends no notification when a batch prediction job ends. The tick polls; the bucket's notification only makes a
# success visible sooner.
resource "google_cloud_scheduler_job" "tick" {
  name        = "${var.name}-tick"
  description = "Polls Vertex jobs and republishes unhandled events"
  region      = var.region
  schedule    = var.tick_schedule
  time_zone   = "Etc/UTC"

  retry_config {
    retry_count = 3
  }
  pubsub_target {
    topic_name = google_pubsub_topic.signal["watch-tick"].id
    data       = base64encode("{}")
  }
}

# Bare JSON: the run's id derives from the message's id, so every day is a new run.
resource "google_cloud_scheduler_job" "daily_run" {
  count       = var.daily_schedule == null ? 0 : 1
  name        = "${var.name}-daily-run"
  description = "Requests the daily run"
  region      = var.region
  schedule    = var.daily_schedule
  time_zone   = var.time_zone

  retry_config {
    retry_count = 3
  }
  pubsub_target {
    topic_name = google_pubsub_topic.event["run-requested"].id
    data       = base64encode(jsonencode(var.daily_run))
  }
}

resource "google_storage_notification" "output" {
  bucket             = google_storage_bucket.data["output"].name
  topic              = google_pubsub_topic.signal["gcs-object"].id
  payload_format     = "JSON_API_V1"
  event_types        = ["OBJECT_FINALIZE"]
  object_name_prefix = "output/"
  depends_on         = [google_pubsub_topic_iam_binding.publisher]
}

# Optional: a cancelled or deleted job causes a tick at once.
resource "google_logging_project_sink" "vertex_jobs" {
  count                  = var.log_sink ? 1 : 0
  name                   = "${var.name}-vertex-jobs"
  destination            = "pubsub.googleapis.com/${google_pubsub_topic.signal["watch-tick"].id}"
  unique_writer_identity = true
  filter                 = <<-EOT
    protoPayload.serviceName="aiplatform.googleapis.com" AND
    protoPayload.methodName=~"JobService\.(Cancel|Delete)BatchPredictionJob$"
  EOT
}
