"""Conversations and messages as clients see them, with fresh links to their sounds."""

from api.audio.links import AudioLinks
from api.conversations.history import ConversationRecord, MessageRecord
from api.conversations.schemas import ConversationView, MessageView
from api.jobs.present import correction
from shared.models import MessageRole


def present_conversation(record: ConversationRecord) -> ConversationView:
    """Return the conversation as a list shows it."""
    return ConversationView(
        id=record.public_id,
        last_message=record.last_message,
        created_at=record.created_at,
        last_used_at=record.updated_at,
    )


def present_message(record: MessageRecord, links: AudioLinks) -> MessageView:
    """Return the message as clients see it, with fresh audio links."""
    message, is_tutors = record.message, record.message.role is MessageRole.TUTOR
    expires_at = links.expiry(no_later_than=record.expires_at)
    sound, explained = (
        links.link(audio, expires_at) if audio is not None else None
        for audio in ((record.speech, record.explanation) if is_tutors else (record.recording, None))
    )
    return MessageView(
        role=message.role,
        text=message.text,
        correction=correction(message),
        hinglish_explanation=message.hinglish_explanation,
        score=message.score,
        audio_url=sound,
        audio_url_expires_at=expires_at if sound or explained else None,
        explanation_audio_url=explained,
        turn=message.turn,
        job_id=record.job_id,
        created_at=message.created_at,
    )
