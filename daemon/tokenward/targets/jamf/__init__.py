"""Jamf Pro: one key for all instances of a tenant, renewed by number; speaks with Apple some time after an upload.

Sources: developer.jamf.com/jamf-pro/reference, the pages on ``device-enrollments``, ``notifications`` and API roles and
clients; jamf/terraform-provider-jamfplatform pull requests 156 and 160 (states of a sync); deploymenttheory/
terraform-provider-jamfpro issues 531 and 575 and pull request 718 (the cluster, strict base64).

# unconfirmed: which states a sync can have beside two; what is said of a bad token; when, after an upload, an instance
# shows what Apple says of the new token. Jamf's platform gateway, whose addresses are not known, is not spoken with.
"""

from tokenward.targets.jamf.adapter import ABILITIES, Jamf, Settings, build

__all__ = ["ABILITIES", "Jamf", "Settings", "build"]
