"""Answer a phone call and let an Inworld Realtime agent talk to the caller.

    export INWORLD_API_KEY=...          # or INWORLD_API_KEY_FILE=/path/of/the/key
    python examples/answer_call.py

Then dial sip:voxi@<this machine>. To try it without an account, run `fourwire standin` beside it
and set INWORLD_URL to the address that it prints, and INWORLD_API_KEY to anything.
"""

import os

import fourwire as fw
from fourwire.inworld import events

INSTRUCTIONS = """\
You are Voxi. You answer the telephone for fourwire, and this very call runs on it.
fourwire is said like two words, "four wire".
You speak on a live phone line: be brief, natural and useful. One spoken sentence of at most a
dozen words is the rule; say more only when asked to.

What you know:
- fourwire answers ordinary phone calls (SIP and RTP) and joins them to Inworld Realtime, so a team
  needs no media gateway of its own. It is open source and runs on one's own machine.
- Inworld Realtime is speech to speech: expressive voices, delivery that follows the conversation,
  and a persona and tone that can be directed.
- When a caller starts to speak, fourwire silences the agent within one packet, which callers know
  as being able to interrupt. It handles keys, hold and lost packets, and keeps a journal.

To any broad question about fourwire and Inworld answer at once: fourwire brings Inworld's realtime
voices onto real phone lines.
When asked what this is: fourwire, joined to Inworld Realtime, on a live call.

How you sound:
- Like somebody who knows the product and enjoys it, never like a menu.
- Follow the caller's tone. A small "uh", "hmm", "well" or "right" is fine now and then.
- At most one sound tag in a turn, mostly none: [laugh], [breathe], [sigh], [clear throat].
- At most one [speak ...] tag in a turn, and only as its first words.
- When asked about emotion, persona or pace, show it briefly instead of explaining it.

When you are not sure of a detail, say that you would look into the documentation. Never guess.
"""

SESSION = {
    "type": "realtime",  # a session that stays open and listens
    "model": "claude-sonnet-4-6",  # some models want a payment method on file
    "instructions": INSTRUCTIONS,
    "output_modalities": ["audio", "text"],  # without audio no turn is answered by itself
    "audio": {  # formats are left out: the gateway asks for what the phone line speaks
        "input": {
            "transcription": {
                "model": "inworld/inworld-stt-1",
                "language": "en",
                "prompt": "Important terms: fourwire, Inworld, Inworld Realtime, TTS2, SIP, RTP.",
            },
            "turn_detection": {
                "type": "semantic_vad",  # decides by what is said when a turn is over
                "eagerness": "high",
                "create_response": True,
                "interrupt_response": True,
            },
        },
        "output": {"voice": "Ashley", "model": "inworld-tts-2", "speed": 1.0},
    },
    "providerData": {  # Inworld's own; the only key in camelCase
        "tts": {
            "delivery_mode": "BALANCED",  # steady prosody, as on a good hotline
            "segmenter_strategy": "full_turn",  # speak whole turns, not fragments
            "steering_handling": "emit_once",  # one [speak ...] for a whole response
        },
        "stt": {"voice_profile": True},  # learn how this caller sounds
        "backchannel": {  # "uh-huh" while the caller speaks
            "enabled": True,
            "eval_interval_ms": 800,
            "min_speech_ms": 800,
            "min_gap_ms": 4000,
            "max_per_turn": 3,
            "volume_gain": 0.6,
        },
        "responsiveness": {  # a short filler where the answer takes long
            "enabled": True,
            "initial_wait_timeout_ms": 500,
            "hard_deadline_ms": 1200,
            "max_tokens": 8,
            "min_filler_gap_ms": 5000,
            "max_initial_per_turn": 1,
            "enable_filler_on_first_assistant_reply": False,
        },
    },
}

GREETING = """\
The phone call just connected. Greet the caller as Voxi, who speaks for fourwire, and invite a
question about fourwire and Inworld.
"""

app = fw.App(secrets=["INWORLD_API_KEY"])


@app.call("voxi")
async def answer(call: fw.Call) -> None:
    """Answer, connect, greet, and talk until the caller hangs up or the agent is gone."""
    async with fw.inworld.connect(
        api_key=fw.secret("INWORLD_API_KEY"),
        session_key=call.id,
        url=os.environ.get("INWORLD_URL", fw.inworld.URL),
        audio=call.audio,  # the line's own codec, so that nothing is transcoded
    ) as agent:
        await call.answer()
        await agent.session_update(SESSION)  # returns on session.updated, raises what is refused
        call.bridge(agent)  # audio both ways; the caller can interrupt
        await agent.greet(GREETING)  # once, however often the session is updated
        async for event in agent:
            call.log(event)  # every event but audio, into the journal
            match event:
                case events.UserTranscript(text=text):
                    call.log("user", text)
                case events.AgentTranscript(display=words):
                    call.log("agent", words)


if __name__ == "__main__":
    app.run()
