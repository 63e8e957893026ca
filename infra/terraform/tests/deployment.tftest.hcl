# What a wrong setting is told before anything is made, and that an apply comes to its end.
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

run "an_apply_comes_to_its_end" {
  command = apply
  variables {
    grouping        = "compact"
    billing_account = "000000-000000-000000"
    log_sink        = true
    alert_emails    = ["oncall@example.com"]
    kms_key         = "projects/k/locations/europe/keyRings/r/cryptoKeys/troupe"
  }
  assert {
    condition     = length(output.services) == 1 && length(output.dead_letter_subscriptions) == length(local.dead_letters)
    error_message = "compact means one service, and every dead-letter topic has its letters for people"
  }
  assert {
    condition     = alltrue([for name in keys(local.of_events) : one(google_pubsub_subscription.push[name].dead_letter_policy).max_delivery_attempts == 40])
    error_message = "a message is given up after forty deliveries"
  }
  assert {
    condition     = toset(keys(google_pubsub_subscription_iam_member.gives_up)) == toset(keys(local.of_events))
    error_message = "Pub/Sub's agent may not acknowledge on some subscription: its dead letters would never leave it"
  }
  assert {
    condition     = jsondecode(google_monitoring_dashboard.troupe.dashboard_json).displayName == "Troupe abc123"
    error_message = "the dashboard is no JSON"
  }
  assert {
    condition     = keys(google_kms_crypto_key_iam_member.agent) == ["bigquery", "pubsub", "storage"]
    error_message = "an agent lacks the customer's key"
  }
}

run "a_tag_is_no_image" {
  command = plan
  variables {
    image = "europe-west4-docker.pkg.dev/p/troupe/troupe:latest"
  }
  expect_failures = [var.image]
}

run "a_daily_run_has_no_name_of_its_own" {
  command = plan
  variables {
    daily_run = { mode = "incremental", run_id = "daily" }
  }
  expect_failures = [var.daily_run]
}

run "requests_outlive_their_jobs" {
  command = plan
  variables {
    retention_days = { requests = 3 }
  }
  expect_failures = [var.retention_days]
}

run "an_error_rate_is_judged_in_steps" {
  command = plan
  variables {
    thresholds = { error_rate = 0.005 }
  }
  expect_failures = [var.thresholds]
}

run "services_lie_where_the_data_lies" {
  command = plan
  variables {
    region = "us-central1"
  }
  expect_failures = [terraform_data.fit]
}

run "vertex_runs_where_the_buckets_lie" {
  command = plan
  variables {
    data_location   = "europe-west3"
    region          = "europe-west3"
    vertex_location = "europe-west4"
  }
  expect_failures = [terraform_data.fit]
}

run "a_key_lies_where_the_data_lies" {
  command = plan
  variables {
    kms_key = "projects/k/locations/us/keyRings/r/cryptoKeys/troupe"
  }
  expect_failures = [terraform_data.fit]
}

run "global_is_warned_of" {
  command = plan
  variables {
    vertex_location = "global"
  }
  expect_failures = [check.data_residency]
}
