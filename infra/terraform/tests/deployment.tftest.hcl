# A wrong setting is refused before anything is created, and an apply completes.
# The provider is a mock: `terraform test` needs no credentials.
mock_provider "google" {
  mock_data "google_project" {
    defaults = { number = "123456789012" }
  }
  mock_data "google_storage_project_service_account" {
    defaults = { email_address = "service-123456789012@gs-project-accounts.iam.gserviceaccount.com" }
  }
  mock_data "google_bigquery_default_service_account" {
    defaults = { email = "bq-123456789012@bigquery-encryption.iam.gserviceaccount.com" }
  }
}

variables {
  project_id = "my-troupe-test"
  deployment = "abc123"
  image      = "europe-west4-docker.pkg.dev/p/troupe/troupe@sha256:0000000000000000000000000000000000000000000000000000000000000000"
  operators  = ["group:operators@example.com"]
}

run "an_apply_completes" {
  command = apply
  variables {
    grouping        = "compact"
    billing_account = "000000-000000-000000"
    log_sink        = true
    alert_emails    = ["oncall@example.com"]
    kms_key         = "projects/k/locations/europe/keyRings/r/cryptoKeys/troupe"
  }
  assert {
    condition     = length(output.services) == 1
    error_message = "compact must be one service"
  }
  assert {
    condition     = alltrue([for name in keys(local.event_subscriptions) : one(google_pubsub_subscription.push[name].dead_letter_policy).max_delivery_attempts == 40])
    error_message = "a message must be dead-lettered after forty deliveries"
  }
  assert {
    condition     = toset(keys(google_pubsub_subscription_iam_binding.subscriber)) == toset(keys(local.event_subscriptions))
    error_message = "Pub/Sub's agent may not acknowledge on every subscription: dead letters would stay there"
  }
  assert {
    condition     = jsondecode(google_monitoring_dashboard.troupe.dashboard_json).displayName == "Troupe abc123"
    error_message = "the dashboard is not valid JSON"
  }
  assert {
    condition     = keys(google_kms_crypto_key_iam_member.agent) == ["bigquery", "pubsub", "storage"]
    error_message = "an agent lacks the customer's key"
  }
}

run "an_image_without_a_digest_is_refused" {
  command = plan
  variables {
    image = "europe-west4-docker.pkg.dev/p/troupe/troupe:latest"
  }
  expect_failures = [var.image]
}

run "a_source_column_that_is_no_identifier_is_refused" {
  command = plan
  variables {
    source_columns = { transcript = "text; DROP" }
  }
  expect_failures = [var.source_columns]
}

run "an_unknown_column_of_the_source_is_refused" {
  command = plan
  variables {
    source_columns = { colour = "red" }
  }
  expect_failures = [var.source_columns]
}

run "a_call_attribute_that_is_no_identifier_is_refused" {
  command = plan
  variables {
    source_attributes = { "call queue" = "STRING" }
  }
  expect_failures = [var.source_attributes]
}

run "a_call_attribute_of_an_unknown_type_is_refused" {
  command = plan
  variables {
    source_attributes = { queue = "TEXT" }
  }
  expect_failures = [var.source_attributes]
}

run "call_attributes_are_columns_of_the_source_that_is_created" {
  command = plan
  variables {
    source_attributes = { queue = "STRING", seconds = "INTEGER" }
  }
  assert {
    condition     = join(" ", slice(jsondecode(google_bigquery_table.table["transcription_pass_2"].schema), 7, 9)[*].name) == "queue seconds"
    error_message = "The attributes stand behind the seven columns."
  }
  assert {
    condition     = !strcontains(google_bigquery_table.table["claims"].schema, "queue")
    error_message = "No other table has them."
  }
}

run "a_daily_run_with_a_run_id_is_refused" {
  command = plan
  variables {
    daily_run = { mode = "incremental", run_id = "daily" }
  }
  expect_failures = [var.daily_run]
}

run "request_files_that_expire_before_their_jobs_are_refused" {
  command = plan
  variables {
    retention_days = { requests = 3 }
  }
  expect_failures = [var.retention_days]
}

run "an_error_rate_that_is_no_share_is_refused" {
  command = plan
  variables {
    thresholds = { error_rate = 10 }
  }
  expect_failures = [var.thresholds]
}

run "a_daily_run_that_may_be_late_for_days_is_refused" {
  command = plan
  variables {
    thresholds = { daily_run_hours = 72 }
  }
  expect_failures = [var.thresholds]
}

run "an_objective_of_all_runs_is_refused" {
  command = plan
  variables {
    objectives = { runs = 1 }
  }
  expect_failures = [var.objectives]
}

run "a_channel_that_is_no_full_name_is_refused" {
  command = plan
  variables {
    alert_channels = ["slack"]
  }
  expect_failures = [var.alert_channels]
}

run "a_console_for_everyone_is_refused" {
  command = plan
  variables {
    console = { members = ["allAuthenticatedUsers"], image = "europe-west4-docker.pkg.dev/p/troupe/console@sha256:0000000000000000000000000000000000000000000000000000000000000000" }
  }
  expect_failures = [var.console]
}

run "a_console_of_an_image_without_a_digest_is_refused" {
  command = plan
  variables {
    console = { members = ["user:a@example.com"], image = "console:latest" }
  }
  expect_failures = [var.console]
}

run "a_console_for_nobody_is_refused" {
  command = plan
  variables {
    console = { members = [], image = "europe-west4-docker.pkg.dev/p/troupe/console@sha256:0000000000000000000000000000000000000000000000000000000000000000" }
  }
  expect_failures = [var.console]
}

run "a_serving_revision_that_is_a_whole_name_is_refused" {
  command = plan
  variables {
    serving_revision = "troupe-plan-run-r012345678"
  }
  expect_failures = [var.serving_revision]
}

run "services_outside_of_the_data_location_are_refused" {
  command = plan
  variables {
    region = "us-central1"
  }
  expect_failures = [terraform_data.preconditions]
}

run "vertex_outside_of_the_data_location_is_refused" {
  command = plan
  variables {
    data_location   = "europe-west3"
    region          = "europe-west3"
    vertex_location = "europe-west4"
  }
  expect_failures = [terraform_data.preconditions, check.model_region]
}

run "vertex_in_another_multi_region_is_refused" {
  command = plan
  variables {
    vertex_location = "us"
  }
  expect_failures = [terraform_data.preconditions]
}

run "jobs_run_in_the_multi_region_around_the_data" {
  command = plan
  variables {
    data_location = "europe-west3"
    region        = "europe-west3"
  }
  assert {
    condition     = output.settings.TROUPE_VERTEX_LOCATION == "eu"
    error_message = "Gemini 3 is offered in eu, and in no single region of it."
  }
}

run "jobs_run_in_the_united_states_with_the_data" {
  command = plan
  variables {
    data_location = "US"
    region        = "us-central1"
  }
  assert {
    condition     = output.settings.TROUPE_VERTEX_LOCATION == "us"
    error_message = "Never on another continent than the data."
  }
}

run "a_single_region_of_vertex_gives_a_warning" {
  command = plan
  variables {
    vertex_location = "europe-west4"
  }
  expect_failures = [check.model_region]
}

run "a_key_outside_of_the_data_location_is_refused" {
  command = plan
  variables {
    kms_key = "projects/k/locations/us/keyRings/r/cryptoKeys/troupe"
  }
  expect_failures = [terraform_data.preconditions]
}

run "vertex_location_global_gives_a_warning" {
  command = plan
  variables {
    vertex_location = "global"
  }
  expect_failures = [check.data_residency]
}
