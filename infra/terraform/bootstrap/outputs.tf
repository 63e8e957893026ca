output "state_bucket" {
  description = "For environments/*.gcs.tfbackend."
  value       = google_storage_bucket.state.name
}

output "image_repository" {
  description = "Repository to push images to."
  value       = "${var.region}-docker.pkg.dev/${var.project_id}/${google_artifact_registry_repository.images.repository_id}"
}

output "deployer" {
  description = "Provider and account for a federated workflow."
  value = var.federation == null ? null : {
    provider = google_iam_workload_identity_pool_provider.deployer["deployer"].name
    account  = google_service_account.deployer["deployer"].email
  }
}
