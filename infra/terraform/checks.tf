# Refuses before an apply what Google would refuse half-way through it, or what would be found too late.
locals {
  within = {
    EU = "^europe-(central2|north[12]|southwest1|west(1|3|4|8|9|10|12))$" # not London, not Zurich
    US = "^us-"
  }
  near_data    = lookup(local.within, upper(var.data_location), "^${lower(var.data_location)}$")
  key_location = lookup({ EU = "europe", US = "us" }, upper(var.data_location), lower(var.data_location))
}

resource "terraform_data" "fit" {
  input = { grouping = var.grouping, services = keys(local.services) }

  lifecycle {
    precondition {
      condition     = can(regex(local.near_data, var.region))
      error_message = "region ${var.region} does not lie in data_location ${var.data_location}: services, buckets and datasets belong together."
    }
    precondition {
      condition     = contains(["global", lower(var.data_location)], var.vertex_location) || can(regex(local.near_data, var.vertex_location))
      error_message = "vertex_location ${var.vertex_location} does not lie in data_location ${var.data_location}: Vertex reads and writes the buckets there. Take a region in it, or global."
    }
    precondition {
      condition     = var.kms_key == null || try(split("/", var.kms_key)[3], "") == local.key_location
      error_message = "kms_key has to lie in ${local.key_location}, where data_location ${var.data_location} looks for it."
    }
    precondition {
      condition     = alltrue([for s in keys(local.services) : length("${var.name}-${s}") <= 30])
      error_message = "name ${var.name} is too long: an account id (name-service) has at most 30 characters."
    }
    precondition {
      condition     = alltrue([for s in local.services : s.timeout_seconds < local.deadline && s.time_budget_seconds < s.timeout_seconds])
      error_message = "troupe/deployment/services.py: a timeout has to lie below the acknowledgement deadline of ${local.deadline} seconds, a time budget below its timeout."
    }
    precondition {
      condition     = alltrue([for s in local.subscriptions : contains(keys(local.service_of), s.handler)])
      error_message = "infra/catalogue.json: a subscription names a handler that no service plays; run make catalogue."
    }
    precondition {
      condition     = alltrue([for u in local.uses : contains(keys(local.tables), u.table)])
      error_message = "infra/catalogue.json: a handler uses a table that tracking/schemas/tables.json lacks; run make catalogue."
    }
    precondition {
      condition     = alltrue([for p in local.publishes : contains(setunion(local.events, local.dead_letters), p.topic)])
      error_message = "infra/catalogue.json: a handler publishes on a topic that does not exist; run make catalogue."
    }
  }
}

check "data_residency" {
  assert {
    condition     = var.vertex_location != "global"
    error_message = "vertex_location is global: transcripts may be processed anywhere in the backend. They are personal data."
  }
}

check "model_region" {
  assert {
    condition     = !contains(["eu", "us"], lower(var.vertex_location))
    error_message = "Whether batch prediction runs in the multi-regions eu and us is not documented; try it with a run of mode test."
  }
}
