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

# One binding for each bucket, role and folder. A load job reads the bucket's metadata, which no condition on a folder permits.
# Vertex's agent, not the caller, reads the request file and writes the output; without the permission to write, a job runs to
# its end and then fails. It also reads the location of the buckets. Stewards list what is left of a person.
locals {
  bucket_grants = merge(
    {
      work-metadata   = { bucket = "work", role = "roles/storage.legacyBucketReader", folder = null, members = concat(local.stagers, [local.vertex_agent]) }
      output-metadata = { bucket = "output", role = "roles/storage.legacyBucketReader", folder = null, members = [local.vertex_agent] }
      reads-requests  = { bucket = "work", role = "roles/storage.objectViewer", folder = "requests", members = [local.vertex_agent] }
      reads-work      = { bucket = "work", role = "roles/storage.objectViewer", folder = null, members = tolist(var.stewards) }
      reads-output    = { bucket = "output", role = "roles/storage.objectViewer", folder = null, members = concat([for name, s in local.services : google_service_account.service[name].member if s.reads_output], tolist(var.stewards)) }
      writes-output   = { bucket = "output", role = "roles/storage.objectUser", folder = null, members = [local.vertex_agent] }
    },
    {
      for folder in distinct(values(local.folder_grants)[*].folder) : "writes-${folder}" => {
        bucket  = "work", role = "roles/storage.objectUser", folder = folder
        members = [for g in local.folder_grants : google_service_account.service[g.service].member if g.folder == folder]
      }
    },
  )
  stagers = [for name, s in local.services : google_service_account.service[name].member if s.stages]
}

resource "google_storage_bucket_iam_binding" "data" {
  for_each = { for name, g in local.bucket_grants : name => g if length(g.members) > 0 }
  bucket   = google_storage_bucket.data[each.value.bucket].name
  role     = each.value.role
  members  = each.value.members

  dynamic "condition" {
    for_each = each.value.folder == null ? [] : [each.value.folder]
    content {
      title      = "below ${condition.value}"
      expression = "resource.name.startsWith(\"projects/_/buckets/${local.buckets[each.value.bucket]}/objects/${condition.value}/\")"
    }
  }
}
