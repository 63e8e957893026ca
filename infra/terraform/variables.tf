# Where

variable "project_id" {
  description = "The Google Cloud project that receives the troupe."
  type        = string
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project_id))
    error_message = "project_id: 6 to 30 lower-case letters, digits and hyphens."
  }
}

variable "name" {
  description = "Begins the name of every service, account and bucket; one for each deployment in a project."
  type        = string
  default     = "troupe"
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,10}[a-z0-9]$", var.name))
    error_message = "name: 3 to 12 lower-case letters, digits and hyphens."
  }
}

variable "deployment" {
  description = "Id of this deployment, made once (openssl rand -hex 3) and never changed: every event, job and label carries it."
  type        = string
  validation {
    condition     = can(regex("^[a-z0-9]{3,8}$", var.deployment))
    error_message = "deployment: 3 to 8 lower-case letters and digits."
  }
}

variable "region" {
  description = "Region of Cloud Run and Cloud Scheduler."
  type        = string
  default     = "europe-west4"
}

variable "data_location" {
  description = "Location of the buckets and the datasets: a region, EU or US. BigQuery loads only from buckets near by."
  type        = string
  default     = "EU"
}

variable "vertex_location" {
  description = "Where the batch prediction jobs run. `global` offers the most models and no data residency."
  type        = string
  default     = "europe-west4"
}

variable "topic_prefix" {
  description = "Begins the name of every topic and subscription; needed for a second deployment in one project."
  type        = string
  default     = ""
  validation {
    condition     = can(regex("^([a-z][a-z0-9-]{0,19}-)?$", var.topic_prefix)) && !startswith(var.topic_prefix, "goog")
    error_message = "topic_prefix: empty, or up to 20 lower-case letters, digits and hyphens that end with a hyphen."
  }
}

# What

variable "image" {
  description = "The image of every service, pinned by its digest (…@sha256:…)."
  type        = string
  validation {
    condition     = can(regex("^[^@\\s]+@sha256:[0-9a-f]{64}$", var.image))
    error_message = "image: pin it by its digest, …@sha256:<64 hex digits>; a tag may change under a running deployment."
  }
}

variable "grouping" {
  description = "`per-handler`: one service and one identity a handler. `compact`: one service plays them all."
  type        = string
  default     = "per-handler"
  validation {
    condition     = contains(["per-handler", "compact"], var.grouping)
    error_message = "grouping: per-handler or compact."
  }
}

variable "source_table" {
  description = "project.dataset.table of the transcripts; empty: the table transcription_pass_2 is made in the dataset."
  type        = string
  default     = ""
  validation {
    condition     = can(regex("^([a-z][a-z0-9-]{4,28}[a-z0-9]\\.[A-Za-z0-9_]+\\.[A-Za-z0-9_-]+)?$", var.source_table))
    error_message = "source_table: project.dataset.table, or empty."
  }
}

variable "source_columns" {
  description = "Our name to theirs, for columns of the source that are called otherwise."
  type        = map(string)
  default     = {}
  validation {
    condition     = alltrue([for ours in keys(var.source_columns) : contains(["phone_number_token", "interaction_id", "reference_id", "transcript", "direction", "provider", "event_timestamp"], ours)])
    error_message = "source_columns: know phone_number_token, interaction_id, reference_id, transcript, direction, provider and event_timestamp."
  }
}

# When

variable "daily_schedule" {
  description = "Cron of the daily run; null: nobody requests runs but people."
  type        = string
  default     = "0 3 * * *"
}

variable "time_zone" {
  description = "Time zone of the daily run."
  type        = string
  default     = "Etc/UTC"
}

variable "daily_run" {
  description = "What the daily run asks for: the fields of run-requested. Without a run_id, so that every day is a new run."
  type        = any
  default     = { mode = "incremental" }
  validation {
    condition     = !can(var.daily_run.run_id)
    error_message = "daily_run: leave run_id out; it derives from each day's message, and a fixed one would run once only."
  }
}

variable "tick_schedule" {
  description = "Cron of the tick that asks Vertex how its jobs stand."
  type        = string
  default     = "*/5 * * * *"
}

variable "log_sink" {
  description = "Wake the watcher also when somebody cancels or deletes a batch job. A hint: no log tells that a job ended."
  type        = bool
  default     = false
}

# How long, how often

variable "max_delivery_attempts" {
  description = "Deliveries before Pub/Sub gives a message up; 40 with back-off up to ten minutes take about six hours."
  type        = number
  default     = 40
  validation {
    condition     = var.max_delivery_attempts >= 5 && var.max_delivery_attempts <= 100
    error_message = "max_delivery_attempts: Pub/Sub accepts 5 to 100."
  }
}

variable "retention_days" {
  description = "Days that request files and Vertex's raw output are kept. Both hold personal data."
  type        = object({ requests = optional(number, 14), output = optional(number, 30) })
  default     = {}
  validation {
    condition     = var.retention_days.requests >= 7 && var.retention_days.output >= 7
    error_message = "retention_days: at least 7; a job may wait 72 hours, run for 24, and be read after a weekend."
  }
}

variable "soft_delete_days" {
  description = "Days that deleted objects can be restored: 0, or 7 to 90. Google advises 0 for the output of batch jobs."
  type        = number
  default     = 0
  validation {
    condition     = var.soft_delete_days == 0 || (var.soft_delete_days >= 7 && var.soft_delete_days <= 90)
    error_message = "soft_delete_days: 0, or 7 to 90."
  }
}

variable "deletion_protection" {
  description = "Guards topics, subscriptions, buckets, tables and services against being destroyed or replaced."
  type        = bool
  default     = true
}

variable "analyses" {
  description = "Tables of analyses of your own, each with the file that `troupe analysis schema FOLDER` printed. Their folders lie in analyses/ when the image is built."
  type        = map(string)
  default     = {}
}

variable "environment" {
  description = "Further variables of every service, such as TROUPE_RECLAIM_SECONDS or OTEL_EXPORTER_OTLP_ENDPOINT: see docs/reference/settings.md. No secrets: they can be read by whoever sees a service."
  type        = map(string)
  default     = {}
}

# Who

variable "operators" {
  description = "IAM members who may request and stop runs, replay and discard dead letters, and read the tables."
  type        = set(string)
  default     = []
}

variable "stewards" {
  description = "IAM members who may clear the history of a run and forget a person: they write every table and see every file."
  type        = set(string)
  default     = []
}

variable "alert_emails" {
  description = "Addresses that are told of alerts."
  type        = set(string)
  default     = []
}

variable "runbook_url" {
  description = "Where docs/runbook.md can be read. Every alert names its section, and links to it where this begins with https://."
  type        = string
  default     = "docs/runbook.md"
}

variable "thresholds" {
  description = "When an alert opens. error_rate is a share of a run's records, judged in steps of one per cent."
  type = object({
    unacknowledged_minutes = optional(number, 30)
    failing_per_minute     = optional(number, 6)
    error_rate             = optional(number, 0.1)
    silent_tick_minutes    = optional(number, 30)
  })
  default = {}
  validation {
    condition     = var.thresholds.error_rate >= 0.01
    error_message = "thresholds: error_rate is judged in steps of one per cent; below 0.01 every run would open the alert."
  }
}

variable "billing_account" {
  description = "Billing account of the budget; null: no budget."
  type        = string
  default     = null
}

variable "monthly_budget" {
  description = "What a month may cost before mails are sent; a budget stops nothing."
  type        = object({ units = number, currency = string })
  default     = { units = 500, currency = "USD" }
}

variable "kms_key" {
  description = "Key for topics, buckets and datasets; null: Google's own. Batch prediction itself takes no customer key."
  type        = string
  default     = null
  validation {
    condition     = var.kms_key == null || can(regex("^projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+$", var.kms_key))
    error_message = "kms_key: projects/P/locations/L/keyRings/R/cryptoKeys/K."
  }
}
