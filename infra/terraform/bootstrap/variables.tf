variable "project_id" {
  description = "The Google Cloud project."
  type        = string
}

variable "region" {
  description = "Region of the image registry; use the region of the services."
  type        = string
  default     = "europe-west4"
}

variable "data_location" {
  description = "Location of the state bucket."
  type        = string
  default     = "EU"
}

variable "federation" {
  description = "Lets one repository deploy without a key, through its OIDC issuer. null: only people deploy."
  type = object({
    issuer_uri = string
    subject    = string # the claim `sub` of the one workflow that may deploy
    condition  = string # over assertion.*, for example assertion.repository == 'org/repo'
  })
  default = null
}
