"""What services ask of vendors: one provider for each port."""

from dataclasses import dataclass, field

from one_mcp.chain_settings import ChainSettings
from one_mcp.mail_settings import MailSettings
from one_mcp.model_settings import ModelSettings
from one_mcp.money_settings import PaymentSettings
from one_mcp.providers.chaining import Chaining
from one_mcp.providers.chatting import Chatting
from one_mcp.providers.embedding import Embedding
from one_mcp.providers.mailing import Mailing
from one_mcp.providers.paying import Paying
from one_mcp.providers.ports.chain import Chain
from one_mcp.providers.ports.payments import Payments
from one_mcp.providers.ports.subscriptions import Subscriptions
from one_mcp.providers.simulated.cabinet import Cabinet
from one_mcp.providers.tracing import Tracing
from one_mcp.settings import EmbeddingSettings, Settings
from one_mcp.telemetry_settings import TelemetrySettings


@dataclass(frozen=True, slots=True)
class Providers:
    """The providers of a server; a rule in `dimensions` never sees them."""

    embedding: Embedding
    paying: Paying = field(default_factory=lambda: Paying(PaymentSettings()), kw_only=True)
    chaining: Chaining = field(default_factory=lambda: Chaining(ChainSettings()), kw_only=True)
    mailing: Mailing = field(default_factory=lambda: Mailing(MailSettings()), kw_only=True)
    tracing: Tracing = field(default_factory=lambda: Tracing(TelemetrySettings()), kw_only=True)
    chatting: Chatting = field(
        default_factory=lambda: Chatting(ModelSettings(), EmbeddingSettings()), kw_only=True
    )

    def payments(self, cabinet: Cabinet) -> Payments:
        """Return whoever moves money here; a simulation remembers in the caller's cabinet."""
        return self.paying.over(cabinet)

    def subscriptions(self, cabinet: Cabinet) -> Subscriptions:
        """Return whoever bills at intervals here, or a simulation of it."""
        return self.paying.again(cabinet)

    def chain(self, cabinet: Cabinet) -> Chain:
        """Return the chain that tokens are on here, or a simulation of it."""
        return self.chaining.over(cabinet)

    async def close(self) -> None:
        """Let their connections go."""
        await self.embedding.close()
        await self.paying.close()
        await self.chaining.close()
        await self.mailing.close()
        await self.tracing.close()
        await self.chatting.close()


def choose(
    embedding: EmbeddingSettings,
    payment: PaymentSettings,
    chain: ChainSettings,
    mail: MailSettings,
    telemetry: TelemetrySettings,
    *,
    model: ModelSettings,
) -> Providers:
    """Stand ready with what the settings name; nothing is loaded before somebody needs it."""
    chaining = Chaining(chain, live_money=payment.live_money)
    return Providers(
        Embedding(embedding),
        paying=Paying(payment),
        chaining=chaining,
        mailing=Mailing(mail),
        tracing=Tracing(telemetry),
        chatting=Chatting(model, embedding),
    )


def of(settings: Settings) -> Providers:
    """Stand ready with what the settings name, each room with the group that it is about."""
    return choose(
        settings.only(EmbeddingSettings),
        settings.only(PaymentSettings),
        settings.only(ChainSettings),
        settings.only(MailSettings),
        settings.only(TelemetrySettings),
        model=settings.only(ModelSettings),
    )
