"""English words in Devanagari, so that a Hindi voice can say a learner's words inside an explanation."""

import re
from functools import lru_cache


def _table(text: str) -> dict[str, str]:
    """Read `word:sound` pairs separated by spaces."""
    return dict(pair.split(":") for pair in text.split())


_KNOWN = _table(
    "a:अ an:ऐन the:द i:आई you:यू he:ही she:शी it:इट we:वी they:दे me:मी him:हिम us:अस "
    "them:देम my:माय your:योर his:हिज़ her:हर our:आवर their:देयर this:दिस that:दैट am:ऐम "
    "is:इज़ are:आर was:वॉज़ were:वर be:बी been:बीन being:बीइंग do:डू does:डज़ did:डिड done:डन "
    "don't:डोन्ट doesn't:डज़न्ट didn't:डिडन्ट have:हैव has:हैज़ had:हैड having:हैविंग can:कैन "
    "could:कुड will:विल would:वुड shall:शैल should:शुड must:मस्ट may:मे might:माइट not:नॉट "
    "no:नो yes:येस to:टू of:ऑफ़ in:इन on:ऑन at:ऐट by:बाय for:फ़ॉर from:फ़्रॉम with:विद "
    "about:अबाउट into:इनटू since:सिंस than:दैन then:देन there:देयर here:हियर and:ऐंड but:बट "
    "or:ऑर so:सो if:इफ़ because:बिकॉज़ as:ऐज़ up:अप what:वॉट who:हू how:हाउ why:व्हाई "
    "when:व्हेन where:व्हेयर which:विच go:गो goes:गोज़ going:गोइंग went:वेंट gone:गॉन come:कम "
    "comes:कम्स coming:कमिंग came:केम know:नो knows:नोज़ knowing:नोइंग knew:न्यू see:सी "
    "saw:सॉ say:से said:सेड tell:टेल told:टोल्ड think:थिंक thought:थॉट take:टेक took:टुक "
    "make:मेक made:मेड get:गेट got:गॉट give:गिव gave:गेव eat:ईट ate:एट eating:ईटिंग work:वर्क "
    "works:वर्क्स working:वर्किंग play:प्ले playing:प्लेइंग live:लिव living:लिविंग like:लाइक "
    "likes:लाइक्स want:वॉन्ट wants:वॉन्ट्स need:नीड needs:नीड्स study:स्टडी studying:स्टडीइंग "
    "read:रीड write:राइट wrote:रोट speak:स्पीक spoke:स्पोक buy:बाय bought:बॉट agree:अग्री "
    "agrees:अग्रीज़ understand:अंडरस्टैंड understands:अंडरस्टैंड्स believe:बिलीव "
    "discuss:डिस्कस discussed:डिस्कस्ड explain:एक्सप्लेन explained:एक्सप्लेन्ड "
    "mentioned:मेन्शन्ड myself:माइसेल्फ़ year:ईयर years:ईयर्स old:ओल्ड day:डे days:डेज़ "
    "week:वीक month:मंथ time:टाइम today:टुडे yesterday:यस्टरडे tomorrow:टुमॉरो last:लास्ट "
    "night:नाइट ago:अगो market:मार्केट school:स्कूल office:ऑफ़िस home:होम house:हाउस "
    "station:स्टेशन bank:बैंक park:पार्क college:कॉलेज car:कार cars:कार्स bus:बस train:ट्रेन "
    "book:बुक name:नेम mother:मदर father:फ़ादर brother:ब्रदर sister:सिस्टर friend:फ़्रेंड "
    "friends:फ़्रेंड्स teacher:टीचर people:पीपल one:वन two:टू three:थ्री four:फ़ोर five:फ़ाइव "
    "six:सिक्स ten:टेन more:मोर most:मोस्ट better:बेटर best:बेस्ट good:गुड taller:टॉलर "
    "bigger:बिगर easier:ईज़ियर apple:ऐपल hour:आवर idea:आइडिया english:इंग्लिश i'm:आइम "
    "very:वेरी much:मच many:मेनी every:एवरी use:यूज़ used:यूज़्ड"
)

_CLUSTERS = _table(
    "tion:शन sion:शन ture:चर ough:ऑ augh:ऑ igh:ाइ tch:च sch:स्क ce:से ci:सि cy:सी ch:च sh:श th:थ ph:फ़ wh:व "
    "ck:क kn:न wr:र qu:क्व ng:ंग dg:ज ee:ी ea:ी oo:ू ou:ाउ ow:ाउ oa:ो ai:े ay:े ei:े ey:ी au:ॉ aw:ॉ oi:ॉइ oy:ॉय "
    "ie:ी ew:्यू ar:ार er:र ir:र ur:र or:ॉर"
)
_LETTERS = _table(
    "a:ै b:ब c:क d:ड e:े f:फ़ g:ग h:ह i:ि j:ज k:क l:ल m:म n:न o:ॉ p:प q:क r:र s:स t:ट u:ा v:व w:व x:क्स y:ी z:ज़"
)
_ENDINGS = _table("ing:िंग ted:टेड ded:डेड ed:्ड ches:चेज़ shes:शेज़ ces:सेज़ ses:सेज़ ce:स ge:ज ly:ली y:ी")
_AFTER_VOWEL = tuple("ािीुूेैोॉआइईउऊएऐओऑं")
_INDEPENDENT = {"ा": "आ", "ि": "इ", "ी": "ई", "ु": "उ", "ू": "ऊ", "े": "ए", "ै": "ऐ", "ो": "ओ", "ॉ": "ऑ"}
_WORD = re.compile(r"[A-Za-z]+(?:['’][A-Za-z]+)*")


def transliterate(text: str) -> str:
    """Return `text` with its English words transcribed into Devanagari by sound; the rest is kept.

    Common words come from a table; others letter by letter, close enough to be understood.
    """
    return _WORD.sub(lambda match: _word(match.group().lower().replace("’", "'")), text)


@lru_cache(maxsize=4_096)
def _word(word: str) -> str:
    if word in _KNOWN:
        return _KNOWN[word]
    for ending, sound in _ENDINGS.items():
        stem = word.removesuffix(ending)
        if stem != word and len(stem) > 2:
            return _join([*_sounds(stem), sound])
    silent_e = len(word) > 3 and word.endswith("e") and word[-2] not in "aeiou"
    return _join(_sounds(word[:-1] if silent_e else word))


def _sounds(word: str) -> list[str]:
    """Cut a word into the sounds of its letter groups; doubled consonants sound once."""
    sounds: list[str] = []
    while word:
        letters = next((group for group in _CLUSTERS if word.startswith(group)), word[0])
        sounds.append(_CLUSTERS.get(letters) or _LETTERS.get(letters, ""))
        word = word.removeprefix(letters)
        if letters not in "aeiou":
            word = word.removeprefix(letters)
    return sounds


def _join(sounds: list[str]) -> str:
    """Write vowels as signs after a consonant and as letters elsewhere."""
    written = ""
    for sound in sounds:
        bare = not written or written.endswith(_AFTER_VOWEL)
        if bare and sound[:1] in _INDEPENDENT:
            written += _INDEPENDENT[sound[0]] + sound[1:]
        else:
            written += sound.lstrip("ं्") if bare else sound
    return written
