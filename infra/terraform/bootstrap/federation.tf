locals {
  federated = var.federation == null ? {} : { deployer = var.federation }

  # What the root module needs. The roles are broad, so no key and no person holds them.
  deployer_roles = toset([
    "roles/artifactregistry.writer", "roles/bigquery.admin", "roles/cloudscheduler.admin", "roles/iam.roleAdmin",
    "roles/iam.serviceAccountAdmin", "roles/iam.serviceAccountUser", "roles/iap.admin", "roles/logging.configWriter", "roles/monitoring.editor",
    "roles/pubsub.admin", "roles/resourcemanager.projectIamAdmin", "roles/run.admin", "roles/secretmanager.admin", "roles/serviceusage.serviceUsageAdmin",
    "roles/storage.admin",
  ])
}

resource "google_service_account" "deployer" {
  for_each     = local.federated
  account_id   = "troupe-deployer"
  display_name = "Deploys Troupe"
  depends_on   = [google_project_service.api]
}

resource "google_project_iam_member" "deployer" {
  for_each = var.federation == null ? toset([]) : local.deployer_roles
  project  = var.project_id
  role     = each.key
  member   = google_service_account.deployer["deployer"].member
}

resource "google_iam_workload_identity_pool" "deployer" {
  for_each                  = local.federated
  workload_identity_pool_id = "troupe-deployer"
  display_name              = "Deploys Troupe"
  depends_on                = [google_project_service.api]
}

resource "google_iam_workload_identity_pool_provider" "deployer" {
  for_each                           = local.federated
  workload_identity_pool_id          = google_iam_workload_identity_pool.deployer[each.key].workload_identity_pool_id
  workload_identity_pool_provider_id = "oidc"
  attribute_condition                = each.value.condition
  attribute_mapping                  = { "google.subject" = "assertion.sub" }

  oidc {
    issuer_uri = each.value.issuer_uri
  }
}

resource "google_service_account_iam_member" "deployer" {
  for_each           = local.federated
  service_account_id = google_service_account.deployer[each.key].name
  role               = "roles/iam.workloadIdentityUser"
  member             = "principal://iam.googleapis.com/${google_iam_workload_identity_pool.deployer[each.key].name}/subject/${each.value.subject}"
}
