# Two buckets, so that only Vertex's output sends notifications: `work` holds request files and rows staged for BigQuery,
# `output` holds what Vertex writes.
locals {
  buckets = { for each in ["work", "output"] : each => "${var.project_id}-${var.name}-${each}" }
  retention_of = {
    work   = { requests = var.retention_days.requests, staging = 1 }
    output = { output = var.retention_days.output }
  }
}

resource "google_storage_bucket" "data" {
  for_each                    = local.buckets
  name                        = each.value
  location                    = upper(var.data_location)
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = !var.deletion_protection
  deletion_policy             = local.deletion_policy

  soft_delete_policy {
    retention_duration_seconds = var.soft_delete_days * 86400
  }

  dynamic "lifecycle_rule" {
    for_each = local.retention_of[each.key]
    content {
      action {
        type = "Delete"
      }
      condition {
        age            = lifecycle_rule.value
        matches_prefix = ["${lifecycle_rule.key}/"]
      }
    }
  }

  lifecycle_rule {
    action {
      type = "AbortIncompleteMultipartUpload"
    }
    condition {
      age = 1
    }
  }

  dynamic "encryption" {
    for_each = var.kms_key == null ? [] : [var.kms_key]
    content {
      default_kms_key_name = encryption.value
    }
  }
  depends_on = [google_kms_crypto_key_iam_member.agent]
}

resource "google_storage_bucket_iam_member" "folder_writer" {
  for_each = local.folder_grants
  bucket   = google_storage_bucket.data["work"].name
  role     = "roles/storage.objectUser"
  member   = google_service_account.service[each.value.service].member

  condition {
    title      = "below ${each.value.folder}"
    expression = "resource.name.startsWith(\"projects/_/buckets/${local.buckets.work}/objects/${each.value.folder}/\")"
  }
}

# A load job reads the bucket's metadata, which no condition on a folder permits.
resource "google_storage_bucket_iam_member" "work_bucket_reader" {
  for_each = { for name, s in local.services : name => s if s.stages }
  bucket   = google_storage_bucket.data["work"].name
  role     = "roles/storage.legacyBucketReader"
  member   = google_service_account.service[each.key].member
}

resource "google_storage_bucket_iam_member" "output_reader" {
  for_each = { for name, s in local.services : name => s if s.reads_output }
  bucket   = google_storage_bucket.data["output"].name
  role     = "roles/storage.objectViewer"
  member   = google_service_account.service[each.key].member
}

# Vertex's agent, not the caller, reads the request file and writes the output; without the permission to write, a job runs
# to its end and then fails. It also reads the location of the buckets.
resource "google_storage_bucket_iam_member" "vertex" {
  for_each = {
    work-metadata   = { bucket = "work", role = "roles/storage.legacyBucketReader", folder = null }
    output-metadata = { bucket = "output", role = "roles/storage.legacyBucketReader", folder = null }
    reads-request   = { bucket = "work", role = "roles/storage.objectViewer", folder = "requests" }
    writes-output   = { bucket = "output", role = "roles/storage.objectUser", folder = null }
  }
  bucket = google_storage_bucket.data[each.value.bucket].name
  role   = each.value.role
  member = local.vertex_agent

  dynamic "condition" {
    for_each = each.value.folder == null ? [] : [each.value.folder]
    content {
      title      = "below ${condition.value}"
      expression = "resource.name.startsWith(\"projects/_/buckets/${local.buckets[each.value.bucket]}/objects/${condition.value}/\")"
    }
  }
}
