"""Who calls in a test: a fresh token and a fresh idempotency key with every request."""

from collections.abc import Generator, Sequence

import httpx

from shared.ids import uuid7
from shared.issuer import Signer


class Bearer(httpx.Auth):
    """Signs a token for each request; a POST without a key of its own gets one."""

    def __init__(
        self,
        signer: Signer,
        *,
        organisation: str,
        party: str,
        audience: str,
        scopes: Sequence[str] = (),
        client_id: str | None = None,
    ) -> None:
        self.signer = signer
        self.organisation = organisation
        self.party = party
        self.audience = audience
        self.scopes = scopes
        self.client_id = client_id or f"{organisation}-{party}"

    def token(self) -> str:
        return self.signer.issue(
            organisation=self.organisation,
            party=self.party,
            subject=f"{self.party}-1",
            client_id=self.client_id,
            audience=self.audience,
            scopes=self.scopes,
        )

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response]:
        request.headers["Authorization"] = f"Bearer {self.token()}"
        if request.method == "POST" and "idempotency-key" not in request.headers:
            request.headers["Idempotency-Key"] = str(uuid7())
        yield request
