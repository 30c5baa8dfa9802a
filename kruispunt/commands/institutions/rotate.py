"""Changes the password of an institution: in its file first, then at the broker, so that it is never lost.

Whatever stops it in between, the file holds the password that is to be: doing it again, or `kruispunt provision`,
brings the broker to what the file holds. The other order could leave a password nobody knows.
"""

from backbone import provision as cluster
from backbone.errors import Retry, Stop
from backbone.settings import Settings
from backbone.stack.credentials import renew
from consumers import acts
from kruispunt.provisioning.justified_access import alone
from schemas.roles import Role


def rotate(config: Settings, institution: str) -> None:
    """Change the password; the one before opens no new session.

    Raises Retry when a server does not answer, Stop when the file cannot be written or the broker refuses.
    """
    path = config.secrets_folder / "kafka" / institution
    config.secret("kafka", institution)
    with alone(config, Role.OPERATOR) as connection:
        acts.note(connection, "rotated", f"the password of {institution}")
        # 1. The file.
        try:
            renew(path)
        except OSError as error:
            raise Stop(
                f"The secret {path} cannot be written: {error.strerror}.",
                "Put another password there where it can be, then run `kruispunt provision`.",
            ) from error
        # 2. The broker.
        try:
            cluster.rotate(config, institution)
        except Retry as error:
            raise Retry(
                f"The new password of {institution} is in its file, but the broker has not applied it: {error}"
                " Run this again, or `kruispunt provision`."
            ) from error
