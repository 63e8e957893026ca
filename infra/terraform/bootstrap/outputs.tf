output "state_bucket" {
  description = "For environments/*.gcs.tfbackend."
  value       = google_storage_bucket.state.name
}

output "image_repository" {
  description = "Where images are pushed to."
  value       = "${var.region}-docker.pkg.dev/${var.project_id}/${google_artifact_registry_repository.images.repository_id}"
}

output "deployer" {
  description = "What a federated workflow names: its provider and its account."
  value = var.federation == null ? null : {
    provider = google_iam_workload_identity_pool_provider.deployer["deployer"].name
    account  = google_service_account.deployer["deployer"].email
  }
}
