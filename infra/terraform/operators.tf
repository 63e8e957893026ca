# Operators publish commands, and read the tables. Stewards also clear a run's history and forget persons: both delete rows
# and list the remaining files. Labellers add golden sets, and read the tables. A person may have several roles.
locals {
  readers        = setunion(var.operators, var.stewards, var.labellers)
  steward_writes = concat(local.catalogue.stewards.writes, keys(var.analyses))
}

resource "google_project_iam_member" "operator" {
  for_each = { for p in setproduct(["jobUser", "job_viewer"], local.readers) : "${p[0]}--${p[1]}" => { what = p[0], member = p[1] } }
  project  = var.project_id
  role     = each.value.what == "jobUser" ? "roles/bigquery.jobUser" : google_project_iam_custom_role.job_viewer.name
  member   = each.value.member
}
