# Refuses, before an apply, settings that Google would refuse in the middle of it or that would fail later.
locals {
  regions_of = {
    EU = "^europe-(central2|north[12]|southwest1|west(1|3|4|8|9|10|12))$" # not London, not Zurich
    US = "^us-"
  }
  allowed_regions = lookup(local.regions_of, upper(var.data_location), "^${lower(var.data_location)}$")
  multi_region    = [for name, regions in local.regions_of : lower(name) if upper(var.data_location) == name || can(regex(regions, lower(var.data_location)))]
  vertex_location = lower(coalesce(var.vertex_location, one(local.multi_region), var.data_location))
  key_location    = lookup({ EU = "europe", US = "us" }, upper(var.data_location), lower(var.data_location))
}

resource "terraform_data" "preconditions" {
  input = { grouping = var.grouping, services = keys(local.services) }

  lifecycle {
    precondition {
      condition     = can(regex(local.allowed_regions, var.region))
      error_message = "region ${var.region} is not in data_location ${var.data_location}: services, buckets and datasets must be in one location."
    }
    precondition {
      condition     = contains(concat(["global"], local.multi_region), local.vertex_location) || can(regex(local.allowed_regions, local.vertex_location))
      error_message = "vertex_location ${local.vertex_location} is not in data_location ${var.data_location}, where Vertex reads and writes the buckets. Leave it out, or use ${join(", ", concat(local.multi_region, ["a region in it, or global"]))}."
    }
    precondition {
      condition     = var.kms_key == null || try(split("/", var.kms_key)[3], "") == local.key_location
      error_message = "kms_key must be in ${local.key_location}, the key location of data_location ${var.data_location}."
    }
    precondition {
      condition     = alltrue([for s in keys(local.services) : length("${var.name}-${s}") <= 30])
      error_message = "name ${var.name} is too long: an account id (name-service) has at most 30 characters."
    }
    precondition {
      condition     = alltrue([for s in local.services : s.timeout_seconds < local.ack_deadline && s.time_budget_seconds < s.timeout_seconds])
      error_message = "troupe/deployment/services.py: a timeout must be below the acknowledgement deadline of ${local.ack_deadline} seconds, and a time budget below its timeout."
    }
    precondition {
      condition     = alltrue([for s in local.subscriptions : contains(keys(local.service_of), s.handler)])
      error_message = "infra/catalogue.json: a subscription names a handler that no service runs; run make catalogue."
    }
    precondition {
      condition     = alltrue([for u in local.table_grants : contains(keys(local.tables), u.table)])
      error_message = "infra/catalogue.json: a handler uses a table that tracking/schemas/tables.json lacks; run make catalogue."
    }
    precondition {
      condition     = alltrue([for p in local.topic_grants : contains(setunion(local.events, local.dead_letters), p.topic)])
      error_message = "infra/catalogue.json: a handler publishes on a topic that does not exist; run make catalogue."
    }
  }
}

check "data_residency" {
  assert {
    condition     = local.vertex_location != "global"
    error_message = "vertex_location is global: transcripts, which are personal data, may be processed anywhere in the world."
  }
}

check "model_region" {
  assert {
    condition     = !can(regex("^[a-z]+-[a-z]+[0-9]+$", local.vertex_location))
    error_message = "vertex_location is the single region ${local.vertex_location}: Gemini 3 models are reported in ${join(", ", concat(local.multi_region, ["global"]))} and in no single region. `troupe doctor` says whether yours is offered."
  }
}
