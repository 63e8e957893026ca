# Applied once per project by a person with the role Owner, with local state: the bucket for all other state, the APIs,
# Google's service agents, the image registry and, optionally, a deployer without a key.
terraform {
  required_version = ">= 1.9.0"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = ">= 7.46.1, < 9.0.0"
    }
    google-beta = {
      source  = "hashicorp/google-beta"
      version = ">= 7.46.1, < 9.0.0"
    }
  }
}

provider "google" {
  project               = var.project_id
  region                = var.region
  user_project_override = true
  billing_project       = var.project_id
}

provider "google-beta" {
  project               = var.project_id
  region                = var.region
  user_project_override = true
  billing_project       = var.project_id
}

locals {
  apis = toset([
    "aiplatform", "artifactregistry", "bigquery", "bigquerystorage", "billingbudgets", "cloudkms", "cloudresourcemanager",
    "cloudscheduler", "iam", "iamcredentials", "iap", "logging", "monitoring", "pubsub", "run", "secretmanager", "serviceusage",
    "storage", "sts",
  ])
}

resource "google_project_service" "api" {
  for_each           = local.apis
  service            = "${each.key}.googleapis.com"
  disable_on_destroy = false
}

resource "google_storage_bucket" "state" {
  name                        = "${var.project_id}-troupe-state"
  location                    = upper(var.data_location)
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = false
  deletion_policy             = "PREVENT"

  versioning {
    enabled = true
  }
  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      num_newer_versions = 30
      with_state         = "ARCHIVED"
    }
  }
  depends_on = [google_project_service.api]
}

resource "google_artifact_registry_repository" "images" {
  repository_id          = "troupe"
  location               = var.region
  format                 = "DOCKER"
  description            = "Images of the services"
  cleanup_policy_dry_run = false

  docker_config {
    immutable_tags = true
  }
  cleanup_policies {
    id     = "keep-recent"
    action = "KEEP"
    most_recent_versions {
      keep_count = 10
    }
  }
  cleanup_policies {
    id     = "delete-old"
    action = "DELETE"
    condition {
      older_than = "7776000s" # 90 days
    }
  }
  depends_on = [google_project_service.api]
}
