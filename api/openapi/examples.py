"""Examples of answers for the OpenAPI document; a test validates them against their schemas."""

from typing import Any

_JOB_ID = "5b0c7a5e-6d0c-4d7e-9d3f-0f6f2c1b8a42"
_ERASURE_ID = "c0a2f3f1-3b0e-4a52-8f0b-0d6c86a3a7b1"
_MISTAKE_ID = "0f1e6f1e-3c55-4a3b-9a34-2f5f3b1d7c11"
_JOB = f"/jobs/{_JOB_ID}"
_EVENTS_URL = f"{_JOB}/events?expires=1795860000&signature=9d27"
_AUDIO_URL = (
    "http://localhost:8000/audio/0f8fad5bd9cb469fa16570867728950e.mp3?expires=1795860000&signature=5f1c"
)

_REPLY: dict[str, Any] = {
    "reply_text": "Hello! I understand you want to go to the market. What will you buy there?",
    "correction": "I am go to market → I am going to the market",
    "mistake_category": "verb_form",
    "mistake_id": _MISTAKE_ID,
    "hinglish_explanation": "Yahan 'going' use karna chahiye kyunki kaam abhi ho raha hai.",
    "score": 75,
    "audio_url": _AUDIO_URL,
    "audio_url_expires_at": "2026-11-28T10:00:00Z",
    "speech": [
        {
            "part": "reply",
            "index": 0,
            "text": "Hello! I understand you want to go to the market. What will you buy there?",
            "audio_url": _AUDIO_URL,
            "seconds": 4.2,
        }
    ],
    "explanation_audio_url": None,
    "conversation_id": "conv-123",
    "transcript": None,
    "unsure_words": None,
    "warnings": [],
}

_QUEUED_JOB: dict[str, Any] = {
    "id": _JOB_ID,
    "kind": "text",
    "user_id": "asha",
    "conversation_id": "conv-123",
    "status": "queued",
    "stage": "reply",
    "done": False,
    "queue_position": 3,
    "eta_seconds": 4.2,
    "transcript": None,
    "transcript_words": None,
    "result": None,
    "error": None,
    "timings": {
        "queued_ms": None,
        "transcribe_ms": None,
        "reply_ms": None,
        "synthesize_ms": None,
        "first_sound_ms": None,
        "total_ms": None,
    },
    "engines": {"stt": None, "llm": None, "tts": None},
    "created_at": "2026-11-28T09:00:00Z",
    "started_at": None,
    "finished_at": None,
    "expires_at": None,
    "links": {
        "self": _JOB,
        "events": _EVENTS_URL,
        "wait": f"{_JOB}/wait",
        "cancel": f"{_JOB}/cancel",
        "retry": f"{_JOB}/retry",
    },
}

_FINISHED_JOB: dict[str, Any] = _QUEUED_JOB | {
    "status": "succeeded",
    "stage": None,
    "done": True,
    "queue_position": None,
    "eta_seconds": None,
    "result": _REPLY,
    "timings": {
        "queued_ms": 12,
        "transcribe_ms": None,
        "reply_ms": 900,
        "synthesize_ms": 600,
        "first_sound_ms": 1520,
        "total_ms": 1530,
    },
    "engines": {"stt": None, "llm": "gemini-2.5-flash", "tts": "chatterbox-turbo"},
    "started_at": "2026-11-28T09:00:00.012Z",
    "finished_at": "2026-11-28T09:00:01.530Z",
    "expires_at": "2026-12-28T09:00:01.530Z",
}

_CANCELLED_JOB: dict[str, Any] = _QUEUED_JOB | {
    "status": "cancelled",
    "done": True,
    "queue_position": None,
    "eta_seconds": None,
    "finished_at": "2026-11-28T09:00:00.400Z",
    "expires_at": "2026-12-28T09:00:00.400Z",
}

_CONVERSATION: dict[str, Any] = {
    "id": "conv-123",
    "last_message": _REPLY["reply_text"],
    "created_at": "2026-11-28T09:00:00Z",
    "last_used_at": "2026-11-28T09:00:00Z",
}

_SAID: dict[str, Any] = {
    "role": "learner",
    "text": "I am go to market",
    "correction": None,
    "hinglish_explanation": None,
    "score": None,
    "audio_url": None,
    "audio_url_expires_at": None,
    "explanation_audio_url": None,
    "turn": 1,
    "job_id": _JOB_ID,
    "created_at": "2026-11-28T09:00:01.530Z",
}

_ANSWERED: dict[str, Any] = _SAID | {
    "role": "tutor",
    "text": _REPLY["reply_text"],
    "correction": _REPLY["correction"],
    "hinglish_explanation": _REPLY["hinglish_explanation"],
    "score": 75,
    "audio_url": _AUDIO_URL,
    "audio_url_expires_at": "2026-11-28T10:00:00Z",
}

_COUNTS = {
    "text_turns": 3,
    "voice_turns": 2,
    "voice_seconds": 14.2,
    "speech_seconds": 31.5,
    "corrections": 2,
    "mean_score": 81.5,
    "tokens_in": 2140,
    "tokens_out": 420,
}

_USAGE: dict[str, Any] = {
    "user_id": "asha",
    "from": "2026-11-01",
    "to": "2026-11-28",
    "timezone": "Asia/Kolkata",
    "days": [{"day": "2026-11-28", **_COUNTS}],
    "totals": _COUNTS,
    "quotas": {
        "turns_today": {"limit": 200, "left": 195},
        "turns_begin_anew_at": "2026-11-29T00:00:00+05:30",
        "unfinished_jobs": {"limit": 100, "left": 100},
        "stored_bytes": {"limit": 1_000_000_000, "left": 998_742_016},
    },
}

_MISTAKE: dict[str, Any] = {
    "id": _MISTAKE_ID,
    "category": "verb_form",
    "wrong": "I am go to market",
    "right": "I am going to the market",
    "hinglish_explanation": _REPLY["hinglish_explanation"],
    "times": 2,
    "first_seen": "2026-11-26T09:00:01.530Z",
    "last_seen": "2026-11-28T09:00:01.530Z",
    "used_rightly": 1,
    "due_at": "2026-11-29T09:00:01.530Z",
    "state": "open",
    "job_id": _JOB_ID,
}

_PROGRESS: dict[str, Any] = {
    "user_id": "asha",
    "timezone": "Asia/Kolkata",
    "streak_days": 4,
    "categories": [
        {
            "category": "verb_form",
            "mistakes": 3,
            "repaired": 1,
            "weeks": [{"week": "2026-11-23", "times": 2, "new": 1, "repaired": 1, "share_without": 0.9}],
        }
    ],
    "fluency": {
        "usual": {"articulation_rate": 3.41, "pauses_per_minute": 14.2},
        "weeks": [{"week": "2026-11-23", "turns": 12, "articulation_rate": 3.62, "pauses_per_minute": 12.8}],
    },
}

_TEACHERS_VIEW: dict[str, Any] = {
    "first": "2026-09-07",
    "timezone": "Asia/Kolkata",
    "learners": [
        {
            "user_id": "asha",
            "commonest": [{"category": "verb_form", "times": 7}],
            "mistakes": 5,
            "repaired": 2,
            "active_days": 21,
        }
    ],
}

_REVIEWED_JOB: dict[str, Any] = _FINISHED_JOB | {
    "kind": "review",
    "conversation_id": "reviews",
    "result": _REPLY
    | {
        "reply_text": "Well said! That is right.",
        "correction": None,
        "mistake_category": None,
        "hinglish_explanation": None,
        "score": None,
        "conversation_id": "reviews",
        "passed": True,
        "differences": [],
        "due_at": "2026-12-01T09:00:01.530Z",
        "state": "open",
    },
}

_HEALTH: dict[str, Any] = {
    "status": "degraded",
    "version": "1.0.0",
    "app_env": "prod",
    "engines": {
        "stt": {"engine": "whisper large-v3", "status": "loaded", "reason": None},
        "llm": {"engine": "gemini-2.5-flash", "status": "loaded", "reason": None},
        "tts": {"engine": "neural", "status": "not_loaded", "reason": None},
    },
    "dependencies": {
        "database": {"ok": True, "detail": None},
        "broker": {"ok": False, "detail": "does not answer in time"},
        "storage": {"ok": True, "detail": None},
        "tutor": {"ok": True, "detail": None},
        "workers": {
            "ok": True,
            "detail": None,
            "queues": {"gpu": {"ok": True, "workers": 1}, "llm": {"ok": True, "workers": 1}},
        },
    },
}

_MODELS: dict[str, Any] = {
    "stt": {"status": "loaded", "mode": "faster_whisper_large"},
    "llm": {"status": "loaded"},
    "tts": {"turbo": "loaded", "indicf5": "loaded"},
}

EXAMPLES: dict[str, Any] = {
    "learner_token": {"token": "eyJhbGciOiJIUzI1NiIsImtpZCI6IjEifQ.…", "expires_at": "2026-11-28T10:00:00Z"},
    "learner": {
        "user_id": "asha",
        "consent_given_at": "2026-11-28T09:00:00Z",
        "guardian_consent_given_at": None,
        "deletion_asked_at": None,
        "created_at": "2026-11-28T09:00:00Z",
    },
    "erasure_begun": {"erasure_id": _ERASURE_ID},
    "erasure": {
        "erasure_id": _ERASURE_ID,
        "status": "done",
        "asked_at": "2026-11-28T09:00:00Z",
        "finished_at": "2026-11-28T09:00:07Z",
    },
    "reply": _REPLY,
    "queued_job": _QUEUED_JOB,
    "finished_job": _FINISHED_JOB,
    "cancelled_job": _CANCELLED_JOB,
    "events": (
        'event: reply.sentence\ndata: {"seq": 3, "job_id": "5b0c7a5e-6d0c-4d7e-9d3f-0f6f2c1b8a42",'
        ' "at": "2026-11-28T09:00:00.900Z", "index": 0, "text": "Hello!"}\nid: 3\n\n'
    ),
    "jobs": {"items": [_FINISHED_JOB], "next_cursor": None},
    "conversations": {"items": [_CONVERSATION], "next_cursor": None},
    "messages": {"items": [_SAID, _ANSWERED], "next_cursor": None},
    "usage": _USAGE,
    "mistakes": {"items": [_MISTAKE], "next_cursor": None},
    "next_review": {"mistake": _MISTAKE, "prompt": 'You said: "I am go to market". Say it right.'},
    "progress": _PROGRESS,
    "teachers_view": _TEACHERS_VIEW,
    "queued_review": _QUEUED_JOB | {"kind": "review", "conversation_id": "reviews"},
    "reviewed_job": _REVIEWED_JOB,
    "health": _HEALTH,
    "ready": {"status": "ready"},
    "models": _MODELS,
    "metrics": '# TYPE jobs_accepted_total counter\njobs_accepted_total{kind="text"} 3.0\n',
}
"""The examples by the names that answers refer to."""
