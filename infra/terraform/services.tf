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
      TROUPE_VERTEX_LOCATION   = local.vertex_location
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

  # Suffix of the name of every service's newest revision. It changes with everything that a revision consists of: Cloud Run
  # refuses another content under a name that exists.
  revision = "r${substr(sha256(jsonencode([
    var.image, var.environment, local.services, local.notify_settings, local.notify_secrets, filesha256("${path.module}/services.tf"),
    { for name, value in local.settings : name => value if name != "TROUPE_PUSH_ACCOUNT" }, # constant, and unknown in a first plan
  ])), 0, 9)}"
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
    revision                         = "${var.name}-${each.key}-${local.revision}"
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
        }, { for name, value in local.notify_settings : name => value if each.key == local.notifier })
        content {
          name  = env.key
          value = env.value
        }
      }

      dynamic "env" {
        for_each = { for name, secret in local.notify_secrets : name => secret if each.key == local.notifier }
        content {
          name = env.key
          value_source {
            secret_key_ref {
              secret  = env.value
              version = "latest"
            }
          }
        }
      }

      # Alive at once: in a first apply, the others wait for plan-run to store the id of the deployment.
      startup_probe {
        period_seconds    = 2
        failure_threshold = 60
        http_get {
          path = "/healthz"
        }
      }

      # Makes the clients, and takes the requests from an instance that cannot make them. Each probe is billed.
      readiness_probe {
        period_seconds    = 30
        timeout_seconds   = 10
        failure_threshold = 2
        http_get {
          path = "/readyz"
        }
      }
    }
  }

  # All traffic goes to the newest revision, or, in a staged rollout, stays where it is.
  traffic {
    type     = var.serving_revision == null ? "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST" : "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION"
    revision = var.serving_revision == null ? null : "${var.name}-${each.key}-${var.serving_revision}"
    percent  = 100
  }
  dynamic "traffic" {
    for_each = coalesce(var.serving_revision, local.revision) == local.revision ? [] : [local.revision]
    content {
      type     = "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION"
      revision = "${var.name}-${each.key}-${traffic.value}"
      percent  = 0
      tag      = "next"
    }
  }
  depends_on = [terraform_data.preconditions, google_secret_manager_secret_iam_member.notifier]
}

# Only Pub/Sub's push account may call a service.
resource "google_cloud_run_v2_service_iam_binding" "invoker" {
  for_each = local.services
  name     = google_cloud_run_v2_service.service[each.key].name
  location = var.region
  role     = "roles/run.invoker"
  members  = [google_service_account.push.member]
}
