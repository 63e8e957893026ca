# Google's agents are those of the whole project, whatever lives in it: no deployment makes them, and none takes their roles away.
data "google_project" "this" {
  project_id = var.project_id
}

locals {
  # Built from the number: the identity's own `member` has been unreliable (hashicorp/terraform-provider-google#21931).
  agents = {
    for each in ["aiplatform", "cloudscheduler", "pubsub"] :
    each => "serviceAccount:service-${data.google_project.this.number}@gcp-sa-${each}.iam.gserviceaccount.com"
  }
}

# Agents exist only after first use; a deployment gives these grants before that.
resource "google_project_service_identity" "agent" {
  provider   = google-beta
  for_each   = local.agents
  service    = "${each.key}.googleapis.com"
  depends_on = [google_project_service.api]
}

# Google gives its default role to an agent that it makes by itself, not to one that it is asked for.
resource "google_project_iam_member" "agent" {
  for_each   = local.agents
  project    = var.project_id
  role       = "roles/${each.key}.serviceAgent"
  member     = each.value
  depends_on = [google_project_service_identity.agent]

  lifecycle {
    prevent_destroy = true
  }
}
