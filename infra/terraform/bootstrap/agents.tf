# Google's service agents belong to the whole project: no deployment creates them, and none removes their roles.
data "google_project" "this" {
  project_id = var.project_id
}

locals {
  # Built from the project number: the identity's own `member` was unreliable (hashicorp/terraform-provider-google#21931).
  agents = {
    for each in ["aiplatform", "cloudscheduler", "pubsub"] :
    each => "serviceAccount:service-${data.google_project.this.number}@gcp-sa-${each}.iam.gserviceaccount.com"
  }
}

# An agent exists only after its first use; a deployment grants it permissions before that.
resource "google_project_service_identity" "agent" {
  provider   = google-beta
  for_each   = local.agents
  service    = "${each.key}.googleapis.com"
  depends_on = [google_project_service.api]
}

# Google grants the default role to an agent that it creates by itself, not to one that a project requests.
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

# Calls the console. It needs no role on the project.
resource "google_project_service_identity" "iap" {
  provider   = google-beta
  service    = "iap.googleapis.com"
  depends_on = [google_project_service.api]
}
