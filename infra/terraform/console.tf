# Optional: the console behind Identity-Aware Proxy, which signs its users in. It may do what operators may: publish commands,
# and read the tables.
locals {
  console         = var.console == null ? {} : { console = var.console }
  console_name    = "${var.name}-console"
  console_host    = "${local.console_name}-${data.google_project.this.number}.${var.region}.run.app"
  console_members = [for a in google_service_account.console : a.member]
  iap_agent       = "serviceAccount:service-${data.google_project.this.number}@gcp-sa-iap.iam.gserviceaccount.com"
}

resource "google_service_account" "console" {
  for_each     = local.console
  account_id   = local.console_name
  display_name = "Troupe ${var.deployment}: console"
}

resource "google_project_iam_member" "console" {
  for_each = var.console == null ? {} : { jobUser = "roles/bigquery.jobUser", job_viewer = google_project_iam_custom_role.job_viewer.name }
  project  = var.project_id
  role     = each.value
  member   = google_service_account.console["console"].member
}

# One instance: the secret of a user's forms is in its memory.
resource "google_cloud_run_v2_service" "console" {
  for_each            = local.console
  name                = local.console_name
  description         = "console"
  location            = var.region
  ingress             = "INGRESS_TRAFFIC_ALL"
  iap_enabled         = true
  deletion_protection = var.deletion_protection

  template {
    service_account = google_service_account.console[each.key].email
    timeout         = "3600s"

    scaling {
      min_instance_count = 0
      max_instance_count = 1
    }

    containers {
      image   = each.value.image
      command = ["python", "-m", "troupe"]
      args = concat(
        ["--backend", "gcp", "console", "--host", "0.0.0.0", "--port", "8080", "--allow-host", local.console_host],
        each.value.read_only ? ["--read-only"] : [],
        each.value.no_text ? ["--no-text"] : [],
      )

      resources {
        limits            = { cpu = "1", memory = "1Gi" }
        cpu_idle          = true
        startup_cpu_boost = true
      }

      dynamic "env" {
        for_each = merge(local.settings, {
          TROUPE_CONSOLE_IAP_AUDIENCE = "/projects/${data.google_project.this.number}/locations/${var.region}/services/${local.console_name}"
        })
        content {
          name  = env.key
          value = env.value
        }
      }
    }
  }
  depends_on = [terraform_data.preconditions]
}

# Identity-Aware Proxy alone calls the service …
resource "google_cloud_run_v2_service_iam_binding" "console" {
  for_each = local.console
  name     = google_cloud_run_v2_service.console[each.key].name
  location = var.region
  role     = "roles/run.invoker"
  members  = [local.iap_agent]
}

# … for these people.
resource "google_iap_web_cloud_run_service_iam_binding" "console" {
  for_each               = local.console
  project                = var.project_id
  location               = var.region
  cloud_run_service_name = google_cloud_run_v2_service.console[each.key].name
  role                   = "roles/iap.httpsResourceAccessor"
  members                = each.value.members
}
