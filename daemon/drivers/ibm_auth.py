"""The trusted profile's token: fetched in one place, once for all callers, and a failure stalls nobody.

The SDK's own token manager makes every caller after a failed request sleep for 60 seconds, because it does
not clear ``request_time`` (ibm_cloud_sdk_core/token_managers/token_manager.py, seen in 3.28).
"""

from __future__ import annotations

import threading
from typing import Any
from urllib.parse import urlsplit

from daemon.drivers.answers import evidence, reason
from daemon.drivers.call_log import answered, logged, told
from daemon.drivers.ibm_errors import TokenRefused

TIMEOUT = 60.0
"""Real seconds after which a request to the metadata service counts as lost."""


class TrustedProfile:
    """A profile, by its id (``Profile-…``) or CRN, whose one authenticator all SDK services share."""

    def __init__(self, profile: str, metadata_url: str) -> None:
        self._profile = profile
        self._metadata_url = metadata_url
        self._making = threading.Lock()
        self._made: Any = None

    def authenticator(self) -> Any:
        """The authenticator, made at first use, because importing the SDK takes long."""
        with self._making:
            if self._made is None:
                self._made = _shared_authenticator(self._profile, self._metadata_url)
            return self._made

    def at_hand(self) -> str | None:
        """The token, if there is one that need not be fetched or refreshed; it never waits."""
        return None if self._made is None else self._made.at_hand()

    def token(self) -> str:
        """The token, fetched if need be. Raises TokenRefused."""
        request: dict[str, Any] = {"headers": {}}
        self.authenticator().authenticate(request)
        return str(request["headers"]["Authorization"]).removeprefix("Bearer ")

    def renounce(self) -> None:
        """The token was refused: whoever calls next fetches a new one. May wait for one that is being fetched."""
        with self._making:
            made = self._made
        if made is not None:
            made.renounce()


def _direct(**named: Any) -> Any:
    """The SDK's fetcher of tokens, which takes nothing from this host: the metadata service is reached by no proxy, and
    named by no netrc file."""
    import requests
    from ibm_cloud_sdk_core import ApiException
    from ibm_cloud_sdk_core.token_managers.vpc_instance_token_manager import VPCInstanceTokenManager

    class Direct(VPCInstanceTokenManager):  # type: ignore[misc]
        """Asks the metadata service of this host."""

        def __init__(self) -> None:
            super().__init__(**named)
            self._session = requests.Session()
            self._session.trust_env = False

        def _request(self, method: str, url: str, *, auth_tuple: Any = None, **named: Any) -> Any:
            what = f"{method} {urlsplit(url).path}"
            with logged("metadata", what, private=True), told(method, url) as call:
                answer = self._session.request(method, url, auth=auth_tuple, timeout=TIMEOUT, **named)
                answered(call, answer.status_code, answer.headers, b"")
            if answer.ok:
                return answer.json()
            raise ApiException(answer.status_code, http_response=answer)

    return Direct()


def _fresh(manager: Any) -> str | None:
    """The token that was fetched, while it need not be fetched anew."""
    token: str | None = manager.access_token
    fresh = manager._get_current_time() <= min(manager.expire_time, manager.refresh_time)
    return token if fresh else None


def _shared_authenticator(profile: str, metadata_url: str) -> Any:
    from ibm_cloud_sdk_core import ApiException
    from ibm_cloud_sdk_core.authenticators import VPCInstanceAuthenticator

    class SharedAuthenticator(VPCInstanceAuthenticator):  # type: ignore[misc]
        """One token for everybody; whoever comes while it is fetched waits for that one request."""

        def __init__(self) -> None:
            by = "iam_profile_crn" if profile.startswith("crn:") else "iam_profile_id"
            super().__init__(url=metadata_url, **{by: profile})
            self.token_manager = _direct(url=metadata_url, **{by: profile})
            self._one_at_a_time = threading.Lock()

        def authenticate(self, req: dict[str, Any]) -> None:
            with self._one_at_a_time:
                try:
                    super().authenticate(req)
                except ApiException as error:
                    self.token_manager.request_time = 0
                    text = str(getattr(error.http_response, "text", None) or error.message)
                    raise TokenRefused(evidence(int(error.status_code or 0), text)) from error
                except Exception as error:
                    self._forget()
                    raise TokenRefused(f"{type(error).__name__}: {reason(error)}") from error

        def at_hand(self) -> str | None:
            return _fresh(self.token_manager)

        def renounce(self) -> None:
            """Drop a token that was refused although it should live."""
            with self._one_at_a_time:
                self._forget()

        def _forget(self) -> None:
            """Drop what was fetched: the SDK keeps a token that it could not read, and would go on using it."""
            manager = self.token_manager
            manager.access_token, manager.expire_time, manager.refresh_time = None, 0, 0
            manager.request_time = 0

    return SharedAuthenticator()
