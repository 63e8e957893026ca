"""Mutants of how failures of the model service differ from those of a request."""

from .mutant import Mutant

SERVICES = (
    Mutant(
        name="a used-up quota is a fault of the request",
        where="analysis/reading/finish_reason.py",
        old="499})",
        new="499}) - {8, 429}",
        tests=("tests/analysis/test_finish_reason.py::test_an_errored_line_never_yields_a_row",),
    ),
    Mutant(
        name="a server error is a fault of the request",
        where="analysis/reading/finish_reason.py",
        old="return code in _SERVICE_CODES or 500 <= code < 600",
        new="return code in _SERVICE_CODES",
        tests=("tests/analysis/test_finish_reason.py::test_an_errored_line_never_yields_a_row",),
    ),
    Mutant(
        name="a request that is too large is a fault of the service",
        where="analysis/reading/finish_reason.py",
        old="or 500 <= code < 600",
        new="or 410 <= code < 600",
        tests=("tests/analysis/test_finish_reason.py::test_an_errored_line_never_yields_a_row",),
    ),
    Mutant(
        name="the name of a status does not count",
        where="analysis/reading/finish_reason.py",
        old="is_of_service = name in _SERVICE_NAMES or (",
        new="is_of_service = (",
        tests=("tests/analysis/test_finish_reason.py::test_an_errored_line_never_yields_a_row",),
    ),
    Mutant(
        name="the code of a status does not count",
        where="analysis/reading/finish_reason.py",
        old="name in _SERVICE_NAMES or (code is not None and _is_of_service(int(code[1])))",
        new="name in _SERVICE_NAMES",
        tests=("tests/analysis/test_finish_reason.py::test_an_errored_line_never_yields_a_row",),
    ),
    Mutant(
        name="a proxy's 429 says that no job was created",
        where="troupe/backends/gcp/failures.py",
        old="api.TooManyRequests, STATED, UNAVAILABLE",
        new='api.TooManyRequests, "", UNAVAILABLE',
        tests=("tests/gcp/test_failures.py::test_an_error_of_a_service_is_translated",),
    ),
    Mutant(
        name="a proxy's 503 says that no job was created",
        where="troupe/backends/gcp/failures.py",
        old="api.ServiceUnavailable, STATED, UNAVAILABLE",
        new='api.ServiceUnavailable, "", UNAVAILABLE',
        tests=("tests/gcp/test_failures.py::test_an_error_of_a_service_is_translated",),
    ),
    Mutant(
        name="any detail is one of the service's own",
        where="troupe/backends/gcp/failures.py",
        old='return bool(kinds & {"QuotaFailure", "ErrorInfo"})',
        new="return bool(kinds)",
        tests=("tests/gcp/test_failures.py::test_an_error_of_a_service_is_translated",),
    ),
    Mutant(
        name="service agents that are being provisioned end the run",
        where="troupe/backends/gcp/failures.py",
        old="        return PROVISIONING\n",
        new='        return ""\n',
        tests=("tests/gcp/test_failures.py::test_an_error_of_a_service_is_translated",),
    ),
)
