# Operators request and stop runs, replay and discard dead letters, and read the tables.
locals {
  operator_topics       = { for p in setproduct(local.catalogue.operators.publishes, var.operators) : "${p[0]}--${p[1]}" => { topic = p[0], member = p[1] } }
  operator_dead_letters = { for p in setproduct(local.dead_letters, var.operators) : "${p[0]}--${p[1]}" => { topic = p[0], member = p[1] } }
  operator_tables       = { for p in setproduct(local.catalogue.operators.writes, var.operators) : "${p[0]}--${p[1]}" => { table = p[0], member = p[1] } }
}

resource "google_pubsub_topic_iam_member" "operator" {
  for_each = local.operator_topics
  topic    = google_pubsub_topic.event[each.value.topic].id
  role     = "roles/pubsub.publisher"
  member   = each.value.member
}

resource "google_pubsub_subscription_iam_member" "operator" {
  for_each     = local.operator_dead_letters
  subscription = google_pubsub_subscription.dead_letter_pull[each.value.topic].name
  role         = "roles/pubsub.subscriber"
  member       = each.value.member
}

resource "google_bigquery_dataset_iam_member" "operator" {
  for_each   = var.operators
  dataset_id = google_bigquery_dataset.troupe.dataset_id
  role       = "roles/bigquery.dataViewer"
  member     = each.key
}

resource "google_bigquery_table_iam_member" "operator" {
  for_each   = local.operator_tables
  dataset_id = google_bigquery_dataset.troupe.dataset_id
  table_id   = google_bigquery_table.table[each.value.table].table_id
  role       = "roles/bigquery.dataEditor"
  member     = each.value.member
}

resource "google_project_iam_member" "operator" {
  for_each = { for p in setproduct(["jobUser", "job_viewer"], setunion(var.operators, var.stewards)) : "${p[0]}--${p[1]}" => { what = p[0], member = p[1] } }
  project  = var.project_id
  role     = each.value.what == "jobUser" ? "roles/bigquery.jobUser" : google_project_iam_custom_role.job_viewer.name
  member   = each.value.member
}

# Stewards also clear a run's history and forget persons: both delete rows in every table and list the remaining files.
resource "google_bigquery_dataset_iam_member" "steward" {
  for_each   = var.stewards
  dataset_id = google_bigquery_dataset.troupe.dataset_id
  role       = "roles/bigquery.dataEditor"
  member     = each.key
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
