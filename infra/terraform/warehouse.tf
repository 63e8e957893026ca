resource "google_bigquery_dataset" "troupe" {
  dataset_id                 = local.dataset
  description                = "Tracking tables of Troupe, and analysed calls"
  location                   = var.data_location
  max_time_travel_hours      = "168"
  delete_contents_on_destroy = !var.deletion_protection

  dynamic "default_encryption_configuration" {
    for_each = var.kms_key == null ? [] : [var.kms_key]
    content {
      kms_key_name = default_encryption_configuration.value
    }
  }
  depends_on = [google_kms_crypto_key_iam_member.agent]
}

# Private tables, one for each closing. They are not dropped: each expires after a day, and time travel keeps it two days more.
resource "google_bigquery_dataset" "staging" {
  dataset_id                  = "${local.dataset}_staging"
  description                 = "Answers that are loaded, before their closing stores them"
  location                    = var.data_location
  default_table_expiration_ms = 86400000
  max_time_travel_hours       = "48"
  delete_contents_on_destroy  = true

  dynamic "default_encryption_configuration" {
    for_each = var.kms_key == null ? [] : [var.kms_key]
    content {
      kms_key_name = default_encryption_configuration.value
    }
  }
  depends_on = [google_kms_crypto_key_iam_member.agent]
}

resource "google_bigquery_table" "table" {
  for_each                 = local.tables
  dataset_id               = google_bigquery_dataset.troupe.dataset_id
  table_id                 = each.key
  description              = "Written by ${each.value.written_by}"
  schema                   = each.key == local.default_source_table ? local.source_schema : file(each.value.schema)
  clustering               = try(each.value.cluster, null)
  require_partition_filter = try(each.value.require_partition_filter, null)
  deletion_protection      = var.deletion_protection

  dynamic "time_partitioning" {
    for_each = try([each.value.partition], [])
    content {
      type          = "DAY"
      field         = time_partitioning.value
      expiration_ms = try(each.value.expiration_days * 86400000, null)
    }
  }
}

resource "google_bigquery_table" "view" {
  for_each            = local.views
  dataset_id          = google_bigquery_dataset.troupe.dataset_id
  table_id            = each.key
  deletion_protection = false

  view {
    use_legacy_sql = false
    query          = replace(local.view_queries[each.key], "{dataset}", "`${var.project_id}`.${local.dataset}.")
  }
  depends_on = [google_bigquery_table.table]
}

resource "google_bigquery_table_iam_binding" "table" {
  for_each   = local.table_members
  dataset_id = google_bigquery_dataset.troupe.dataset_id
  table_id   = google_bigquery_table.table[each.value[0].table].table_id
  role       = each.value[0].role
  members    = each.value[*].member
}

# A source table of the user's own keeps the grants of others.
resource "google_bigquery_table_iam_member" "external_source" {
  for_each   = { for name, s in local.services : name => split(".", var.source_table) if s.reads_source && var.source_table != "" }
  project    = each.value[0]
  dataset_id = each.value[1]
  table_id   = each.value[2]
  role       = "roles/bigquery.dataViewer"
  member     = google_service_account.service[each.key].member
}

resource "google_bigquery_dataset_iam_binding" "reader" {
  count      = length(local.readers) + length(local.console) == 0 ? 0 : 1
  dataset_id = google_bigquery_dataset.troupe.dataset_id
  role       = "roles/bigquery.dataViewer"
  members    = concat(tolist(local.readers), local.console_members)
}

# Forgetting a person also drops the staging tables, in which answers bear no token.
resource "google_bigquery_dataset_iam_binding" "staging_editor" {
  dataset_id = google_bigquery_dataset.staging.dataset_id
  role       = "roles/bigquery.dataEditor"
  members    = concat([for name, s in local.services : google_service_account.service[name].member if s.stages], tolist(var.stewards))
}
