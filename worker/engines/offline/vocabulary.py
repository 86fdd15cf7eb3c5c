"""Everyday words by what grammar asks of them: may it be counted, is it a job, a feeling, a name.

Rules fire only on words they know. What is not listed, nor told by its form, is left alone.
"""

from worker.engines.offline.lexicon import word_set

JOBS = word_set(
    "accountant actor actress architect artist barber carpenter cashier chef clerk coach consultant "
    "cook dancer dentist designer developer doctor driver electrician engineer farmer gardener guard "
    "housewife journalist lawyer lecturer manager mechanic musician nurse officer painter pharmacist "
    "photographer pilot plumber policeman poet politician professor programmer receptionist salesman "
    "scientist secretary shopkeeper singer soldier student surgeon tailor teacher technician trainer "
    "translator waiter watchman writer businessman businesswoman homemaker freelancer blogger trader "
    "tutor nurse postman entrepreneur"
)

COUNTED = (
    JOBS
    | word_set(
        "account animal answer apartment app apple area arm bag ball banana bank bed bedroom bicycle "
        "bike bird boat book bottle box boy bridge brother building bus business cake camera car "
        "carpet cat chair chance child church city class classmate classroom clock coat colleague "
        "college company computer country course cousin cow cup customer dance daughter day decision "
        "desk dictionary difference dog door doubt dress egg elephant email error exam example eye "
        "face factory family fan farm feature festival field film finger flat flower foot friend "
        "fruit game garden girl glass goal grade group habit hand head hobby holiday home horse "
        "hospital hotel hour house husband idea interview island job joke journey key kid kilometre "
        "kilometer kitchen knife lake language laptop leg lesson letter library list lobby machine "
        "magazine man mango market match meal medicine meeting member message mile minute mistake "
        "mobile moment monkey month mountain movie museum name neighbour neighbor newspaper night "
        "nose notebook novel number office opportunity orange page pair parent park part party "
        "passport patient pen pencil person pet phone photo picture place plan plane planet plant "
        "plate player pocket poem point problem product project question quiz reason recipe relative "
        "report restaurant result river road room rose rule scene school scooter screen seat section "
        "sentence shelf ship shirt shoe shop sister skirt solution son song sport spoon stadium star "
        "station step stop story street subject suggestion table task taxi team television temple "
        "tent test ticket tiger time tooth tour tourist town toy train tree trip truck uncle "
        "university vegetable vehicle video village visitor wallet wall watch week wife window woman "
        "word year zoo chapter milestone tablet sofa fridge umbrella uniform tourist leader option "
        "skill topic"
    )
    | frozenset(
        {"aunt", "baby", "boss", "guest", "hero", "queen", "king", "rupee", "dollar", "second", "degree"}
    )
)
"""Nouns that are counted: they need an article alone and an -s for more than one."""

MASS = word_set(
    "accommodation advice baggage bread cash clothing equipment evidence feedback furniture happiness "
    "hardware health help homework housework information jewellery jewelry knowledge luck luggage "
    "machinery milk money mud music news oil patience pollution poverty progress rain rice salt sand "
    "scenery slang software stationery sugar traffic transport underwear water weather wheat wine "
    "work electricity research laughter vocabulary petrol butter cheese honey meat flour garbage "
    "rubbish staff gold silver blood courage honesty peace wisdom fun luggage"
)
"""Nouns that are not counted: no `a`, no -s, `much` rather than `many`."""

NEVER_PLURAL = word_set(
    "advice baggage cash clothing electricity equipment evidence feedback furniture "
    "happiness hardware homework housework information jewellery jewelry knowledge luck luggage "
    "machinery pollution poverty progress scenery slang software stationery traffic underwear weather "
    "laughter traffic"
)
"""Of these an -s form is a mistake in everyday English (`waters` and `works` are not)."""

NEVER_WITH_A = (
    NEVER_PLURAL - {"knowledge", "cash"} | {"accommodation"} | word_set("bread money music news rice work")
)
"""Of these `a` before the bare noun is a mistake, though `a knowledge of` and `a work of` exist."""

FEELING_ADJECTIVES = word_set(
    "afraid angry ashamed aware awake alone busy confident curious eager exhausted famous fond glad "
    "grateful guilty happy healthy hungry ill innocent jealous lazy lucky lonely nervous poor popular "
    "proud ready responsible rich sad scared shy sick sleepy sorry sure thankful thirsty tired "
    "unhappy unable able upset worried interested excited bored confused surprised disappointed weak"
)
"""Adjectives that say how somebody is: after a bare subject they lack `be`."""

PLAIN_ADJECTIVES = word_set(
    "bad beautiful big bright broad busy cheap clean clever cold comfortable dangerous dark deep "
    "delicious different difficult dirty easy empty expensive famous fast friendly funny good great "
    "handsome happy hard healthy heavy helpful high honest hot huge important intelligent interesting "
    "kind large lazy little long lovely low lucky modern narrow new nice noisy old polite poor "
    "popular powerful pretty proud quick quiet rich rude sad safe serious sharp short simple slow "
    "small smart soft special strange strong sweet tall terrible thick thin tiny tired ugly useful "
    "warm weak wet wide wise wonderful wrong young boring exciting amazing black white red blue green "
    "yellow brown crowded spicy silly stupid"
)

COMPARED = word_set(
    "bad big bright cheap clean clever close cold cool dark dear deep dirty early easy fair far fast fat "
    "fresh funny good great happy hard heavy high hot kind large late lazy light long loud low lucky "
    "narrow near new nice noisy old poor pretty proud quick rich safe sharp short simple slim slow small "
    "smart soft strong sweet tall thick thin tiny ugly warm weak wet wide wise young"
)
"""Adjectives whose comparative is a form of their own (`taller`)."""

NAMES = word_set(
    "aarav aditi aditya ajay akash alok amit anil anita anjali ankit ann anna arjun asha ashok david "
    "deepa deepak divya farhan gaurav geeta imran john karan kavita kiran krishna lakshmi lata mahesh "
    "manoj mary meena meera mohan mohit nadia neha nikhil nisha peter pooja prakash priya rahul raj "
    "raja rajesh rakesh raju ram ramesh rani ravi rekha riya rohan rohit salim sandeep sanjay sara "
    "sarah seema shyam sita sneha sonia sunil sunita suresh tom usha varun vijay vikas vikram vinod "
    "vivek"
)
"""First names, for transcripts that have no capitals."""

PLACES = word_set(
    "airport bank beach cinema gym library mall market park station temple theatre zoo museum stadium "
    "supermarket"
)
"""Places one goes to with `the`; `go to office` and `go to school` are good Indian English."""
