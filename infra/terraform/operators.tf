# Operators publish commands, and read the tables. Stewards also clear a run's history and forget persons: both delete rows
# and list the remaining files. A steward who requests runs is an operator as well.
locals {
  operator_topics = { for p in setproduct(local.catalogue.operators.publishes, var.operators) : "${p[0]}--${p[1]}" => { topic = p[0], member = p[1] } }
  steward_tables  = { for p in setproduct(local.steward_writes, var.stewards) : "${p[0]}--${p[1]}" => { table = p[0], member = p[1] } }
  steward_writes  = concat(local.catalogue.stewards.writes, keys(var.analyses))
}

resource "google_pubsub_topic_iam_member" "operator" {
  for_each = local.operator_topics
  topic    = google_pubsub_topic.event[each.value.topic].id
  role     = "roles/pubsub.publisher"
  member   = each.value.member
}

resource "google_bigquery_dataset_iam_member" "operator" {
  for_each   = setunion(var.operators, var.stewards)
  dataset_id = google_bigquery_dataset.troupe.dataset_id
  role       = "roles/bigquery.dataViewer"
  member     = each.key
}

resource "google_project_iam_member" "operator" {
  for_each = { for p in setproduct(["jobUser", "job_viewer"], setunion(var.operators, var.stewards)) : "${p[0]}--${p[1]}" => { what = p[0], member = p[1] } }
  project  = var.project_id
  role     = each.value.what == "jobUser" ? "roles/bigquery.jobUser" : google_project_iam_custom_role.job_viewer.name
  member   = each.value.member
}

resource "google_bigquery_table_iam_member" "steward" {
  for_each   = local.steward_tables
  dataset_id = google_bigquery_dataset.troupe.dataset_id
  table_id   = google_bigquery_table.table[each.value.table].table_id
  role       = "roles/bigquery.dataEditor"
  member     = each.value.member
}

# Forgetting a person also drops the staging tables, in which answers bear no token.
resource "google_bigquery_dataset_iam_member" "steward_staging" {
  for_each   = var.stewards
  dataset_id = google_bigquery_dataset.staging.dataset_id
  role       = "roles/bigquery.dataEditor"
  member     = each.key
}

resource "google_storage_bucket_iam_member" "steward" {
  for_each = { for p in setproduct(keys(local.buckets), var.stewards) : "${p[0]}--${p[1]}" => { bucket = p[0], member = p[1] } }
  bucket   = google_storage_bucket.data[each.value.bucket].name
  role     = "roles/storage.objectViewer"
  member   = each.value.member
}
