"""What titles of columns say, in the languages of people who keep tables: all word lists are here.

A title is compared without case, blanks and signs: `Time (ms)`, `time_ms` and `TIME-MS` are equal.
"""

import re
import unicodedata


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


LABELS = _words("""
    label labels class target activity category species gesture classname labelname activitylabel
    activityname classlabel truelabel klasse aktivität aktivitaet kategorie bewegung geste etikett
    étiquette etiquette classe activité activite catégorie categorie etiqueta clase actividad
    categoría categoria atividade rótulo rotulo etichetta attività attivita activiteit klassen
""")
GROUPS = _words("""
    group subject person participant user patient device place groupid subjectid personid
    participantid userid patientid deviceid volunteer operator gruppe proband probandin teilnehmer
    nutzer benutzer gerät geraet ort groupe personne sujet utilisateur appareil lieu participante
    grupo sujeto persona usuario dispositivo lugar pessoa sujeito usuário gruppo soggetto utente
    luogo groep persoon deelnemer gebruiker apparaat plaats
""")
RECORDINGS = _words("""
    recording file filename session trial sequence recordingid sessionid trialid sequenceid take run
    repetition rep aufnahme datei dateiname sitzung versuch durchgang enregistrement fichier séance
    seance essai grabación grabacion archivo sesión sesion ensayo gravação gravacao arquivo sessão
    sessao registrazione sessione prova opname bestand sessie
""")
TIMES = _words("""
    time timestamp datetime date millis micros seconds ts clock tick ticks elapsed uptime epoch
    unixtime utc timestamps tstamp systime localtime ms us ns sec secs msec usec milliseconds
    zeit uhrzeit zeitstempel datum zeitpunkt sekunden millisekunden temps horodatage heure secondes
    millisecondes instant tiempo hora fecha segundos milisegundos tempo ora secondi millisecondi
    marca tijd tijdstip tijdstempel seconden duur s
""")
MAYBE_TIMES = ("t",)
"""Titles that mean time or, as often, something else: temperature."""
INDEX = (
    "",
    *_words("""
    index idx id unnamed0 row rows rownumber rowid nr no n num number nummer zeile lfdnr laufnr
    numéro numero número ligne fila linha riga rij i k
    """),
)
"""Titles of row numbers, as pandas, R and people write them."""
COUNTERS = _words("""
    frame frames frameid framenumber sample samples samplenumber samplenr sampleid seq seqnr seqno
    sequence sequencenumber counter count cnt packet packetid packetcounter step pos zähler zaehler
    messung bild stichprobe échantillon echantillon compteur trame muestra contador amostra quadro
    campione contatore monster teller probe
""")
"""Titles of counters of samples, which a series has."""
TEXTS = _words("text message line sentence content body nachricht texte texto testo tekst bericht")
SENSORS = frozenset(
    _words("""
    x y z w u v a b f ax ay az gx gy gz mx my mz qx qy qz qw acc accel accelerometer acceleration
    gyro gyroscope mag magnetometer rot rotation roll pitch yaw temp temperature temperatur
    température temperatura h hum humidity feuchte press pressure druck p light lux adc value values
    wert valeur valor ch channel kanal canal emg ecg eeg ppg hr heart gsr eda flex force kraft co
    tvoc voc gas no2 nox mq lat lon alt altitude volt voltage spannung current strom power mic audio
    signal sensor distance dist feature
    """)
)
"""First words of the titles of what sensors measure."""
UNITS = {
    **dict.fromkeys(_words("ns nsec nanos nanoseconds nanosekunden"), 1e-9),
    # The micro sign and the Greek letter both occur.
    **dict.fromkeys(_words("us \u00b5s \u03bcs usec micros microseconds mikrosekunden"), 1e-6),
    **dict.fromkeys(_words("ms msec millis milliseconds millisekunden millisecondes"), 1e-3),
    **dict.fromkeys(_words("milisegundos millisecondi milliseconden"), 1e-3),
    **dict.fromkeys(_words("s sec secs second seconds sek sekunden secondes segundos"), 1.0),
    **dict.fromkeys(_words("secondi seconden"), 1.0),
    **dict.fromkeys(_words("min mins minutes minuten minutos minuti"), 60.0),
    **dict.fromkeys(_words("h hours stunden heures horas ore uren"), 3600.0),
}
"""Seconds in the units of time that titles name."""
MISSING = frozenset(
    (
        "",
        *_words("""
        nan na n/a #n/a #nv null none nil - -- --- ? inf +inf -inf infinity -infinity missing -nan
        nan(ind) -nan(ind) #wert! #value! #div/0! #ref! ovf ovl fehlt
        """),
    )
)
"""How programs and people write a value that is not there, in lower case."""


def squeeze(title: str) -> str:
    """A title without case, blanks and signs: `subjectid` of `Subject_ID`."""
    return "".join(c for c in unicodedata.normalize("NFC", title).casefold() if c.isalnum())


def title_words(title: str) -> list[str]:
    """The words of a column's title in lower case: time and ms of `Time (ms)` and of `time_ms`."""
    title = re.sub(r"([a-z])([A-Z])", r"\1 \2", unicodedata.normalize("NFC", title))
    return "".join(c if c.isalnum() else " " for c in title.lower()).split() or [""]


def time_unit(title: str) -> float:
    """Seconds in the unit that a title names; 0 if it names none."""
    return next((UNITS[w] for w in reversed(title_words(title)) if w in UNITS), 0.0)


def is_time(title: str) -> bool:
    """Whether a title says time, of itself or with a unit: `elapsed_s`, `Zeit (ms)`, `T [s]`."""
    words = title_words(title)
    if words[0] in MAYBE_TIMES:
        return len(words) > 1 and words[1] in UNITS
    return words[0] in TIMES or squeeze(title) in TIMES or words[-1] in TIMES[:4]


def may_be_time(title: str) -> bool:
    """Whether a title means time or something else: `t`, `T`."""
    return title_words(title)[0] in MAYBE_TIMES and not is_time(title)


def is_index(title: str) -> bool:
    """Whether a title says that a column numbers rows: `Id`, `#`, no title."""
    return squeeze(title) in INDEX or re.fullmatch(r"column \d+", title) is not None


def is_counter(title: str) -> bool:
    """Whether a title says that a column counts samples: `frame`, `seq`."""
    return squeeze(title) in COUNTERS or title_words(title)[0] in COUNTERS


def is_sensor(title: str) -> bool:
    """Whether a title says what a sensor measures: `ax`, `acc_x (g)`, `CH1`, `temp2`."""
    return title_words(title)[0].rstrip("0123456789") in SENSORS


def names_things(title: str) -> bool:
    """Whether a title says that the cells are names, even where they look like numbers."""
    return squeeze(title) in _NAMING


def is_title(cell: str) -> bool:
    """Whether a cell is one of the titles that are known here, so that its row is a header."""
    return bool(cell) and (squeeze(cell) in _TITLES)


def bare(title: str) -> str:
    """A title without its unit: `accel x` of `accel x (g)`."""
    return re.sub(r"\s*[(\[][^)\]]*[)\]]\s*$", "", title)


_NAMING = frozenset((*LABELS, *GROUPS, *RECORDINGS))
_TITLES = frozenset(
    t for t in (*_NAMING, *TIMES, *MAYBE_TIMES, *TEXTS, *INDEX, *COUNTERS) if len(t) > 1 or t == "t"
)
