locals {
  # Settings of the services and of `troupe --backend gcp`. Read by troupe/backends/gcp/settings.py.
  settings = merge(
    {
      TROUPE_PROJECT           = var.project_id
      TROUPE_PROJECT_NUMBER    = data.google_project.this.number
      TROUPE_DATASET           = local.dataset
      TROUPE_STAGING_DATASET   = "${local.dataset}_staging"
      TROUPE_DEPLOYMENT        = var.deployment
      TROUPE_BUCKET            = local.buckets.work
      TROUPE_OUTPUT_BUCKET     = local.buckets.output
      TROUPE_VERTEX_LOCATION   = var.vertex_location
      TROUPE_BIGQUERY_LOCATION = var.data_location
      TROUPE_SOURCE_TABLE      = local.source_table
      TROUPE_TOPIC_PREFIX      = var.topic_prefix
      TROUPE_PUSH_ACCOUNT      = google_service_account.push.email
    },
    length(var.analyses) == 0 ? {} : { TROUPE_ANALYSES = "analyses" },
    { for ours, theirs in var.source_columns : "TROUPE_SOURCE_${upper(ours)}" => theirs },
  )
  # One constant audience for each service: its address is not known before it exists, and may change. Cloud Run accepts it
  # besides the address, and the service accepts no other.
  audiences = { for name in keys(local.services) : name => "https://${var.name}-${name}.${var.project_id}.internal" }
}

resource "google_cloud_run_v2_service" "service" {
  for_each            = local.services
  name                = "${var.name}-${each.key}"
  description         = join(", ", each.value.handlers)
  location            = var.region
  ingress             = "INGRESS_TRAFFIC_INTERNAL_ONLY"
  custom_audiences    = [local.audiences[each.key]]
  deletion_protection = var.deletion_protection

  template {
    service_account                  = google_service_account.service[each.key].email
    timeout                          = "${each.value.timeout_seconds}s"
    max_instance_request_concurrency = each.value.concurrency

    scaling {
      min_instance_count = 0
      max_instance_count = each.value.max_instances
    }

    containers {
      image = var.image

      resources {
        limits            = { cpu = "1", memory = each.value.memory }
        cpu_idle          = true
        startup_cpu_boost = true
      }

      dynamic "env" {
        for_each = merge(var.environment, local.settings, {
          TROUPE_HANDLER             = each.key
          TROUPE_PUSH_AUDIENCE       = local.audiences[each.key]
          TROUPE_CONCURRENCY         = tostring(each.value.concurrency)
          TROUPE_TIME_BUDGET_SECONDS = tostring(each.value.time_budget_seconds)
        })
        content {
          name  = env.key
          value = env.value
        }
      }

      startup_probe {
        period_seconds    = 2
        failure_threshold = 60
        http_get {
          path = "/healthz"
        }
      }
    }
  }
  depends_on = [terraform_data.preconditions]
}

# Only Pub/Sub's push account may call a service.
resource "google_cloud_run_v2_service_iam_member" "push" {
  for_each = local.services
  name     = google_cloud_run_v2_service.service[each.key].name
  location = var.region
  role     = "roles/run.invoker"
  member   = google_service_account.push.member
}
