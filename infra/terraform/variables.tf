# Location

variable "project_id" {
  description = "The Google Cloud project of the deployment."
  type        = string
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project_id))
    error_message = "project_id: 6 to 30 lower-case letters, digits and hyphens."
  }
}

variable "name" {
  description = "Prefix of the name of every service, account and bucket; different for each deployment in a project."
  type        = string
  default     = "troupe"
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,10}[a-z0-9]$", var.name))
    error_message = "name: 3 to 12 lower-case letters, digits and hyphens."
  }
}

variable "deployment" {
  description = "Id of this deployment, generated once (openssl rand -hex 3) and never changed: it is part of every event, job and label."
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
  description = "Location of buckets and datasets: a region, EU or US. BigQuery loads only from buckets in or near its location."
  type        = string
  default     = "EU"
}

variable "vertex_location" {
  description = "Location of the batch prediction jobs. Unset: the multi-region `eu` or `us` around data_location, where Gemini 3 is offered; single regions do not offer it. `global` offers the most models and no data residency."
  type        = string
  default     = null
}

variable "topic_prefix" {
  description = "Prefix of the name of every topic and subscription; needed for a second deployment in one project."
  type        = string
  default     = ""
  validation {
    condition     = can(regex("^([a-z][a-z0-9-]{0,19}-)?$", var.topic_prefix)) && !startswith(var.topic_prefix, "goog")
    error_message = "topic_prefix: empty, or up to 20 lower-case letters, digits and hyphens that end with a hyphen."
  }
}

# Contents

variable "image" {
  description = "Image of every service, pinned by its digest (…@sha256:…)."
  type        = string
  validation {
    condition     = can(regex("^[^@\\s]+@sha256:[0-9a-f]{64}$", var.image))
    error_message = "image: pin it by its digest, …@sha256:<64 hex digits>; a tag may change under a running deployment."
  }
}

variable "grouping" {
  description = "`per-handler`: one service and one account per handler. `compact`: one service for all handlers."
  type        = string
  default     = "per-handler"
  validation {
    condition     = contains(["per-handler", "compact"], var.grouping)
    error_message = "grouping: per-handler or compact."
  }
}

variable "serving_revision" {
  description = "Stages a rollout: every service keeps its traffic on the revision with this suffix (output `revision` of the last apply), and the new one gets none. null: the newest revision serves."
  type        = string
  default     = null
  validation {
    condition     = var.serving_revision == null || can(regex("^r[0-9a-f]{9}$", var.serving_revision))
    error_message = "serving_revision: the output `revision` of an earlier apply, r and 9 hex digits."
  }
}

variable "source_table" {
  description = "project.dataset.table of the transcripts. Empty: the table transcription_pass_2 is created in the dataset."
  type        = string
  default     = ""
  validation {
    condition     = can(regex("^([a-z][a-z0-9-]{4,28}[a-z0-9]\\.[A-Za-z0-9_]+\\.[A-Za-z0-9_-]+)?$", var.source_table))
    error_message = "source_table: project.dataset.table, or empty."
  }
}

variable "source_columns" {
  description = "Map from Troupe's column name to the source's, for columns with other names."
  type        = map(string)
  default     = {}
  validation {
    condition     = alltrue([for ours in keys(var.source_columns) : contains(["phone_number_token", "interaction_id", "reference_id", "transcript", "direction", "provider", "event_timestamp"], ours)])
    error_message = "source_columns: use the keys phone_number_token, interaction_id, reference_id, transcript, direction, provider and event_timestamp."
  }
  validation {
    condition     = alltrue([for theirs in values(var.source_columns) : can(regex("^[A-Za-z_][A-Za-z0-9_]{0,299}$", theirs))])
    error_message = "source_columns: a column's name has letters, digits and _, with no digit first."
  }
}

variable "source_attributes" {
  description = "Columns for call attributes in the source table that is created: name to type, such as { queue = \"STRING\" }. A table of your own (source_table) has its columns already."
  type        = map(string)
  default     = {}
  validation {
    condition     = alltrue([for name in keys(var.source_attributes) : can(regex("^[A-Za-z][A-Za-z0-9_]{0,62}$", name))])
    error_message = "source_attributes: a name has 1 to 63 letters, digits and _, with a letter first."
  }
  validation {
    condition     = alltrue([for type in values(var.source_attributes) : contains(["STRING", "INTEGER", "FLOAT", "BOOLEAN", "TIMESTAMP"], type)])
    error_message = "source_attributes: use the types STRING, INTEGER, FLOAT, BOOLEAN and TIMESTAMP."
  }
}

# Schedule

variable "daily_schedule" {
  description = "Cron schedule of the daily run. null: no daily run."
  type        = string
  default     = "0 3 * * *"
}

variable "time_zone" {
  description = "Time zone of the daily run."
  type        = string
  default     = "Etc/UTC"
}

variable "daily_run" {
  description = "Fields of the daily run-requested message. Without run_id, so that every day is a new run."
  type        = any
  default     = { mode = "incremental" }
  validation {
    condition     = !can(var.daily_run.run_id)
    error_message = "daily_run: remove run_id. It derives from each day's message; a fixed one would run only once."
  }
}

variable "tick_schedule" {
  description = "Cron schedule of the tick that polls Vertex jobs."
  type        = string
  default     = "*/5 * * * *"
}

variable "log_sink" {
  description = "Also tick when a batch job is cancelled or deleted. No log reports that a job ended by itself."
  type        = bool
  default     = false
}

# Retention and retries

variable "max_delivery_attempts" {
  description = "Deliveries of a message before Pub/Sub dead-letters it; 40 with back-off up to ten minutes take about six hours."
  type        = number
  default     = 40
  validation {
    condition     = var.max_delivery_attempts >= 5 && var.max_delivery_attempts <= 100
    error_message = "max_delivery_attempts: Pub/Sub accepts 5 to 100."
  }
}

variable "retention_days" {
  description = "Days until request files and Vertex's raw output are deleted. Both hold personal data."
  type        = object({ requests = optional(number, 14), output = optional(number, 30) })
  default     = {}
  validation {
    condition     = var.retention_days.requests >= 7 && var.retention_days.output >= 7
    error_message = "retention_days: at least 7; a job may wait 72 hours, run for 24, and be read after a weekend."
  }
}

variable "soft_delete_days" {
  description = "Days in which deleted objects can be restored: 0, or 7 to 90. Google advises 0 for the output of batch jobs."
  type        = number
  default     = 0
  validation {
    condition     = var.soft_delete_days == 0 || (var.soft_delete_days >= 7 && var.soft_delete_days <= 90)
    error_message = "soft_delete_days: 0, or 7 to 90."
  }
}

variable "deletion_protection" {
  description = "Protects topics, subscriptions, buckets, tables and services against being destroyed or replaced."
  type        = bool
  default     = true
}

variable "analyses" {
  description = "Tables of your own analyses, each with the file that `troupe analysis schema FOLDER` printed. Their folders must be in analyses/ when the image is built."
  type        = map(string)
  default     = {}
}

variable "answer_views" {
  description = "Files that `troupe analysis view FOLDER` printed for your own analyses: the view answers_daily has their shares as well."
  type        = list(string)
  default     = []
}

variable "environment" {
  description = "Further environment variables of every service, such as TROUPE_RECLAIM_SECONDS or OTEL_EXPORTER_OTLP_ENDPOINT: see docs/reference/settings.md. No secrets: everyone who may view a service can read them."
  type        = map(string)
  default     = {}
}

# Access and alerts

variable "operators" {
  description = "IAM members who may publish commands (request and stop runs, replay and discard dead letters) and read the tables. They write no table."
  type        = set(string)
  default     = []
}

variable "stewards" {
  description = "IAM members who may clear the history of a run and forget a person: they may read and write the tables that this deletes from, and read every file."
  type        = set(string)
  default     = []
}

variable "labellers" {
  description = "IAM members who may add golden sets, which say what is right: they write the tables of labels alone, and may read all others. They also need to read the source table, where that is not in the dataset."
  type        = set(string)
  default     = []
}

variable "console" {
  description = "The console on Cloud Run behind Identity-Aware Proxy. members: who may open it; all of them act with the rights of operators. image: one with the extras `console` and `gcp`, pinned by its digest; that of the services has neither pages nor commands. read_only and no_text: as the options of `troupe console`. null: no console."
  type = object({
    members   = set(string)
    image     = string
    read_only = optional(bool, false)
    no_text   = optional(bool, false)
  })
  default = null
  validation {
    condition     = var.console == null || length(try(var.console.members, [])) > 0
    error_message = "console: name at least one member, such as group:operators@example.com."
  }
  validation {
    condition     = !anytrue([for m in try(var.console.members, []) : startswith(m, "all")])
    error_message = "console: allUsers and allAuthenticatedUsers would open it to everyone. Name people or groups."
  }
  validation {
    condition     = var.console == null || can(regex("^[^@\\s]+@sha256:[0-9a-f]{64}$", try(var.console.image, "")))
    error_message = "console: pin image by its digest, …@sha256:<64 hex digits>."
  }
}

variable "alert_emails" {
  description = "E-mail addresses that receive alerts."
  type        = set(string)
  default     = []
}

variable "alert_channels" {
  description = "Existing channels of Cloud Monitoring that receive alerts as well, such as Slack, PagerDuty or a webhook: their full names."
  type        = set(string)
  default     = []
  validation {
    condition     = alltrue([for c in var.alert_channels : can(regex("^projects/[^/]+/notificationChannels/[0-9]+$", c))])
    error_message = "alert_channels: a channel is projects/P/notificationChannels/N, as `gcloud beta monitoring channels list` shows it."
  }
}

variable "notifications" {
  description = "Who is notified when a run is over. url_secret and signing_secret: names of secrets of this project in Secret Manager, with the address of a webhook and the key that signs what goes there. format: json or slack. channels: full names of channels of Cloud Monitoring, such as an e-mail address."
  type = object({
    url_secret     = optional(string)
    signing_secret = optional(string)
    format         = optional(string, "json")
    channels       = optional(set(string), [])
  })
  default = {}
  validation {
    condition     = alltrue([for s in [var.notifications.url_secret, var.notifications.signing_secret] : s == null || can(regex("^[A-Za-z0-9_-]{1,255}$", s))])
    error_message = "notifications: url_secret and signing_secret are names of secrets of this project, such as troupe-notify-url. The values belong into Secret Manager, not here."
  }
  validation {
    condition     = contains(["json", "slack"], var.notifications.format)
    error_message = "notifications: format is json or slack."
  }
  validation {
    condition     = var.notifications.url_secret == null ? var.notifications.signing_secret == null : var.notifications.format == "slack" || var.notifications.signing_secret != null
    error_message = "notifications: give url_secret and signing_secret together; the format slack needs no signing_secret."
  }
  validation {
    condition     = alltrue([for c in var.notifications.channels : can(regex("^projects/[^/]+/notificationChannels/[0-9]+$", c))])
    error_message = "notifications: a channel is projects/P/notificationChannels/N, as `gcloud beta monitoring channels list` shows it."
  }
}

variable "runbook_url" {
  description = "Address of docs/runbook.md. Every alert names its section, and links to it if this begins with https://."
  type        = string
  default     = "docs/runbook.md"
}

variable "thresholds" {
  description = "Thresholds of alerts. error_rate is a share of a run's records. open_days: days on which a run may be open; one may wait 72 hours and run for 24. daily_run_hours: hours without a handled request for a run, 24 to 48; 0 for a schedule that is not daily."
  type = object({
    unacknowledged_minutes = optional(number, 30)
    failing_per_minute     = optional(number, 6)
    error_rate             = optional(number, 0.1)
    silent_tick_minutes    = optional(number, 30)
    open_days              = optional(number, 5)
    daily_run_hours        = optional(number, 26)
  })
  default = {}
  validation {
    condition     = var.thresholds.error_rate > 0 && var.thresholds.error_rate < 1
    error_message = "thresholds: error_rate is a share above 0 and below 1."
  }
  validation {
    condition     = var.thresholds.open_days >= 1
    error_message = "thresholds: open_days is at least 1."
  }
  validation {
    condition     = var.thresholds.daily_run_hours == 0 || (var.thresholds.daily_run_hours >= 24 && var.thresholds.daily_run_hours <= 48)
    error_message = "thresholds: daily_run_hours is 0, or 24 to 48: Cloud Monitoring looks back a day, and holds a condition for another one."
  }
}

variable "objectives" {
  description = "Objectives over 28 days, each with two alerts on how fast its error budget is spent. A batch is good if at least analysed_share of its records were analysed, a run if it was completed within run_hours; batches and runs are the shares of good ones."
  type = object({
    batches        = optional(number, 0.95)
    analysed_share = optional(number, 0.95)
    runs           = optional(number, 0.95)
    run_hours      = optional(number, 24)
  })
  default = {}
  validation {
    condition     = alltrue([for share in [var.objectives.batches, var.objectives.runs] : share > 0.9 && share < 1])
    error_message = "objectives: batches and runs are shares above 0.9 and below 1. An alert opens when ten times the allowed share is bad."
  }
  validation {
    condition     = var.objectives.analysed_share > 0 && var.objectives.analysed_share <= 1
    error_message = "objectives: analysed_share is a share above 0, at most 1."
  }
  validation {
    condition     = var.objectives.run_hours > 0
    error_message = "objectives: run_hours is above 0."
  }
}

variable "billing_account" {
  description = "Billing account of the budget. null: no budget."
  type        = string
  default     = null
}

variable "monthly_budget" {
  description = "Monthly cost at which mails are sent. A budget stops nothing."
  type        = object({ units = number, currency = string })
  default     = { units = 500, currency = "USD" }
}

variable "kms_key" {
  description = "Key for topics, buckets and datasets. null: Google's own keys. Batch prediction itself supports no customer key."
  type        = string
  default     = null
  validation {
    condition     = var.kms_key == null || can(regex("^projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+$", var.kms_key))
    error_message = "kms_key: projects/P/locations/L/keyRings/R/cryptoKeys/K."
  }
}
