"""Tests of the Terraform configuration, without a cloud and without network."""
