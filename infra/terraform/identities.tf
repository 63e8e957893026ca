data "google_project" "this" {
  project_id = var.project_id
}

data "google_storage_project_service_account" "gcs" {}

data "google_bigquery_default_service_account" "bq" {}

locals {
  # The first two are built from the project number: the bootstrap requests these agents and grants their roles.
  pubsub_agent   = "serviceAccount:service-${data.google_project.this.number}@gcp-sa-pubsub.iam.gserviceaccount.com"
  vertex_agent   = "serviceAccount:service-${data.google_project.this.number}@gcp-sa-aiplatform.iam.gserviceaccount.com"
  storage_agent  = "serviceAccount:${data.google_storage_project_service_account.gcs.email_address}"
  bigquery_agent = "serviceAccount:${data.google_bigquery_default_service_account.bq.email}"
}

resource "google_service_account" "service" {
  for_each     = local.services
  account_id   = "${var.name}-${each.key}"
  display_name = "Troupe ${var.deployment}: ${each.key}"
}

resource "google_service_account" "push" {
  account_id   = "${var.name}-push"
  display_name = "Troupe ${var.deployment}: push requests of Pub/Sub"
}

resource "google_project_iam_member" "bigquery_job_user" {
  for_each = local.services
  project  = var.project_id
  role     = "roles/bigquery.jobUser"
  member   = google_service_account.service[each.key].member
}

resource "google_project_iam_member" "vertex_user" {
  for_each = { for name, s in local.services : name => s if s.vertex }
  project  = var.project_id
  role     = "roles/aiplatform.user"
  member   = google_service_account.service[each.key].member
}

# Two callers of one transaction use one job id: the second must read how the first one's job ended.
resource "google_project_iam_custom_role" "job_viewer" {
  role_id     = "${replace(var.name, "-", "_")}_${var.deployment}_job_viewer" # a deleted role keeps its id for weeks
  title       = "Troupe ${var.deployment}: reads BigQuery jobs of other accounts"
  permissions = ["bigquery.jobs.get"]
}

resource "google_project_iam_member" "job_viewer" {
  for_each = { for name, s in local.services : name => s if s.shares_transactions }
  project  = var.project_id
  role     = google_project_iam_custom_role.job_viewer.name
  member   = google_service_account.service[each.key].member
}
