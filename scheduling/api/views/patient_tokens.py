"""A portal exchanges a patient whom it has verified for a token that opens this one person's data, for 15 minutes."""

from __future__ import annotations

from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from carebridge.accounts.throttles import refuse_guesser, slow_down_guessing
from carebridge.accounts.tokens import ApiToken, Scope
from carebridge.errors import NotAllowed, NotFound
from scheduling.api.base import SchedulingView
from scheduling.api.schema import changes
from scheduling.api.serializers.own import PatientExchangeSerializer, PatientTokenSerializer
from scheduling.api.views.own import OwnView
from scheduling.patient_access import end_patient_token, exchange_patient


class PatientTokenView(SchedulingView):
    """For service accounts with the scope `patients:exchange`."""

    write_scope = Scope.PATIENTS_EXCHANGE
    serializer_class = PatientTokenSerializer
    pagination_class = None

    @changes(
        "exchange_patient",
        PatientExchangeSerializer,
        PatientTokenSerializer,
        "Let a verified patient in",
        success=201,
        repeatable=False,
    )
    def create(self, request: Request) -> HttpResponse:
        """A token for one patient of your clinics. The portal answers for having verified the person; it is
        recorded. An unknown number and another birth date have the same answer, and few of them are answered a minute.
        """
        if not isinstance(request.auth, ApiToken):
            raise NotAllowed
        body = PatientExchangeSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        # Birth dates are few: whoever holds a portal's token must not find them out by trying.
        guesser = f"patient-{request.auth.pk}"
        refuse_guesser(guesser)
        try:
            let_in = exchange_patient(by=self.user, issued_with=request.auth, **body.validated_data)
        except NotFound:
            slow_down_guessing(request, whom=guesser)
            raise
        answer = {"token": let_in.secret, "expiry": let_in.token.expires_at.isoformat()}
        return Response(answer, status=201)


class OwnTokenView(OwnView):
    serializer_class = PatientTokenSerializer
    pagination_class = None

    @changes("end_own_token", None, None, "Sign out", success=204, repeatable=False)
    def destroy(self, request: Request) -> HttpResponse:
        """End the token that this request carries."""
        end_patient_token(token_id=self.patient.token_id)
        return Response(status=204)
