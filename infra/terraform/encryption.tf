# Google's service agents encrypt and decrypt with the customer's key; the services themselves never use it.
resource "google_kms_crypto_key_iam_member" "agent" {
  for_each = var.kms_key == null ? {} : {
    pubsub   = local.pubsub_agent
    storage  = local.storage_agent
    bigquery = local.bigquery_agent
  }
  crypto_key_id = var.kms_key
  role          = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
  member        = each.value
}
