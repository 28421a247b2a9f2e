"""A mail as it goes over the wire (RFC 5322)."""

from email.message import EmailMessage
from email.utils import parseaddr

from one_mcp.providers.ports.mail import Mail


def written(mail: Mail, sender: str, key: str) -> EmailMessage:
    """Write a mail out; ValueError for a subject or an address that would begin another header."""
    message = EmailMessage()
    message["From"] = sender
    message["To"] = mail.to
    message["Subject"] = mail.subject
    message["Message-ID"] = f"<{key}@{parseaddr(sender)[1].rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text)
    message.add_alternative(mail.html, subtype="html")
    return message
