"""English words of captions of photographs: nouns by what they name, verbs in their forms, colours, small words."""


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_PEOPLE = {
    "man": "man guy gentleman dude policeman fisherman cowboy businessman father dad grandfather groom cameraman",
    "woman": "woman lady mother mom grandmother bride businesswoman",
    "boy": "boy",
    "girl": "girl",
    "baby": "baby infant",
    "child": "child kid toddler youngster",
    "person": "person adult someone somebody individual human rider surfer biker skateboarder cyclist bicyclist skier "
    "snowboarder climber hiker player runner swimmer dancer singer musician performer worker motorcyclist skater racer "
    "jogger gymnast cheerleader soldier officer athlete teenager teen youth male female friend companion owner parent "
    "brother sister son daughter clown vendor artist tourist wrestler goalie quarterback batter pitcher referee coach "
    "student pedestrian photographer kayaker canoer rower paddler diver golfer chef waiter spectator onlooker fan "
    "passenger driver fighter bystander customer shopper teammate opponent partner guitarist drummer marcher protester "
    "twin sibling trainer instructor wakeboarder parasailer sailor firefighter teacher bmxer bull-rider jockey model "
    "celebrity priest monk nun skydiver boarder contestant competitor participant horseman stuntman",
    "group": "crowd group team band family audience couple pair class army gang bunch choir trio duo crew squad "
    "police military congregation public",
}
_ANIMALS = {
    "dog": "dog puppy pup canine greyhound labrador lab retriever terrier collie shepherd poodle dalmatian husky hound "
    "bulldog corgi spaniel beagle dachshund pitbull doberman rottweiler chihuahua pug dane mutt doggy doggie",
    "cat": "cat kitten kitty",
    "horse": "horse pony",
    "cow": "cow calf ox",
    "bull": "bull",
    "sheep": "sheep lamb",
    "bird": "bird duck goose seagull gull pigeon parrot swan eagle owl chicken hawk pelican crane heron hen rooster",
    **{
        name: name for name in _set("goat elephant monkey bear rabbit squirrel turtle fish deer camel frog snake zebra")
    },
    "animal": "animal pet creature mammal livestock cattle herd",
}
_WORN = {
    "shirt": "shirt t-shirt tshirt tee-shirt polo", "jacket": "jacket windbreaker", "coat": "coat", "vest": "vest",
    "sweater": "sweater", "sweatshirt": "sweatshirt hoodie", "uniform": "uniform", "dress": "dress gown",
    "skirt": "skirt", "pants": "pants trousers", "jeans": "jeans", "shorts": "shorts", "hat": "hat",
    "cap": "cap", "helmet": "helmet", "scarf": "scarf", "swimsuit": "swimsuit", "bikini": "bikini", "hair": "hair",
    "wetsuit": "wetsuit", "suit": "suit", "costume": "costume", "outfit": "outfit", "jersey": "jersey",
    "backpack": "backpack",
}  # fmt: skip
_THINGS = {
    "ball": "ball football basketball volleyball baseball", "frisbee": "frisbee disc", "stick": "stick branch twig",
    "toy": "toy", "bike": "bike bicycle tricycle", "motorcycle": "motorcycle motorbike motocross scooter",
    "car": "car automobile suv jeep minivan taxi racecar", "truck": "truck pickup", "bus": "bus",
    "boat": "boat sailboat ship motorboat speedboat rowboat", "canoe": "canoe", "kayak": "kayak", "raft": "raft",
    "skateboard": "skateboard", "surfboard": "surfboard", "snowboard": "snowboard", "wakeboard": "wakeboard",
    "guitar": "guitar", "umbrella": "umbrella parasol", "bench": "bench", "balloon": "balloon", "flag": "flag",
    "sled": "sled sleigh toboggan", "swing": "swing", "slide": "slide", "tent": "tent", "train": "train",
    "airplane": "airplane plane jet aeroplane", "pool": "pool", "fountain": "fountain", "snow": "snow",
    "beach": "beach", "trampoline": "trampoline", "rope": "rope", "book": "book", "bag": "bag purse",
    "couch": "couch sofa", "bed": "bed", "table": "table", "chair": "chair", "cup": "cup mug", "bottle": "bottle",
    "cake": "cake",
    "microphone": "microphone mic", "drum": "drum", "piano": "piano", "violin": "violin", "hoop": "hoop",
    "bat": "bat", "racket": "racket racquet", "paddle": "paddle oar", "sign": "sign banner", "bridge": "bridge",
    "hurdle": "hurdle", "tube": "tube", "kite": "kite", "wagon": "wagon", "cart": "cart", "newspaper": "newspaper",
    "camera": "camera", "phone": "phone cellphone", "collar": "collar", "leash": "leash", "fence": "fence",
    "rock": "rock boulder", "log": "log", "wave": "wave", "building": "building", "house": "house", "wall": "wall",
    "ramp": "ramp", "rail": "rail railing", "tree": "tree", "pole": "pole", "bone": "bone", "ladder": "ladder",
    "hill": "hill", "mountain": "mountain", "cliff": "cliff", "water": "water", "grass": "grass", "sand": "sand",
}  # fmt: skip
_IRREGULAR = {
    "men": "man", "women": "woman", "children": "child", "people": "person", "persons": "person",
    "policemen": "policeman", "fishermen": "fisherman", "businessmen": "businessman", "geese": "goose", "oxen": "ox",
    "calves": "calf", "scarves": "scarf", "horsemen": "horseman", "youths": "youth", "ladies": "lady", "babies": "baby",
}  # fmt: skip
PEOPLE, ANIMALS = frozenset(_PEOPLE), frozenset(_ANIMALS)
WORN, THINGS = frozenset(_WORN), frozenset(_THINGS)
ALWAYS_PLURAL = frozenset({"pants", "jeans", "shorts"})
_ONE = {word: name for name, words in (_PEOPLE | _ANIMALS | _WORN | _THINGS).items() for word in words.split()}
UNCOUNTED = _set("sheep fish deer cattle livestock")
"""One or many."""

COLOURS = _set(
    "red blue green yellow orange purple pink black white brown gray tan beige gold golden silver teal turquoise "
    "maroon burgundy navy aqua cream khaki blond violet lavender peach olive multicolored multi-colored tri-colored "
    "tricolored colorful colored spotted striped plaid checkered camouflage tie-dyed rainbow brindle"
)
"""Also patterns, which speak against a plain colour."""
PLAIN_COLOURS = _set("red blue green yellow orange purple pink black white brown gray tan")
SAME_COLOUR = {"grey": "gray", "blonde": "blond", "colourful": "colorful", "coloured": "colored", "orangish": "orange",
               "reddish": "red", "multi-coloured": "multi-colored", "multicoloured": "multicolored"}  # fmt: skip
NUMBERS = {"a": 1, "an": 1, "one": 1, "another": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7}
PREPOSITIONS = _set(
    "in on at by with of from to into onto over under through across along around near behind beside between above "
    "below against among amongst toward towards up down off out outside inside past during for after before without "
    "about atop alongside underneath beneath upon within amid via next"
)
SMALL_WORDS = PREPOSITIONS | _set(
    "a an the this that these those his her its their my your our another one and or but while whilst as when where "
    "which who whom whose if because so than then there here is are was were be been being am has have had having do "
    "does did he she it they him them himself herself itself themselves each other others both all some any many "
    "several few no not someone's 's 're very too also just only together away back ahead apart alone outdoors "
    "indoors outside inside . , ; : ! ?"
)
# Nouns that an animal's or person's name stands before: `dog park`, `boy band`.
COMPOUNDS = _set(
    "park house show owner sled race toys toy food bowl track tag hand hands sculpture statue costume mask mascot "
    "suit bed pound agility obstacle competition riders rider scout scouts shirt shorts gear uniform balloon bath "
    "feeder drawn"
)
UNREAL = _set("hot toy stuffed fake plastic statue inflatable stone bronze cardboard painted cartoon")

# Verbs that can stand by themselves, and those that say little without what follows.
_ALONE = (
    "run jump walk swim sit stand play sleep smile laugh dance surf ski skate skateboard snowboard climb dive hike "
    "crawl kneel bark eat drink pose wrestle fight rest lie sing cycle jog leap slide swing wade race read talk "
    "paddle row splash roll yawn stretch crouch squat kiss hug shop paint juggle sled cheer march exercise sunbathe "
    "bowl kayak scream cry"
)
_NOT_ALONE = (
    "ride hold carry throw kick hit catch chase pull push look watch lean hang perform do shake bite chew cross drive "
    "use take work sniff lick stare reach shoot spray grind balance point wave blow return fetch make gather listen "
    "cut cook wash feed pet lift examine clean toss grab tackle dribble bounce retrieve wear lay speak relax wait "
    "rollerblade fly float fall try attempt get go come enjoy prepare show have put sell dress land travel move give "
    "gaze raise bend touch turn compete celebrate embrace hop tug follow tumble bike fish spin"
)
_ING = {"lie": "lying", "ski": "skiing", "run": "running", "swim": "swimming", "sit": "sitting", "jog": "jogging",
        "hug": "hugging", "shop": "shopping", "hit": "hitting", "cut": "cutting", "pet": "petting", "grab": "grabbing",
        "sled": "sledding", "squat": "squatting", "get": "getting", "put": "putting", "hop": "hopping",
        "tug": "tugging", "spin": "spinning"}  # fmt: skip
ALONE = frozenset(_ALONE.split())
VAGUE = _set(
    "have show prepare attempt try get go come enjoy make put give fly float fall land dress sell use take work move "
    "appear compete travel celebrate"
)
"""What they do hangs on what follows, or it is not they who do it."""


def _ing(verb: str) -> str:
    if verb in _ING:
        return _ING[verb]
    return (verb[:-1] if verb.endswith("e") else verb) + "ing"


def _third(verb: str) -> str:
    if verb in ("do", "go") or verb.endswith(("s", "sh", "ch", "ss", "x", "z")):
        return verb + "es"
    if verb == "have":
        return "has"
    return verb[:-1] + "ies" if verb.endswith("y") and verb[-2] not in "aeou" else verb + "s"


_VERBS = dict.fromkeys([*_ALONE.split(), *_NOT_ALONE.split()])
ING = {verb: _ing(verb) for verb in _VERBS}
"""`riding` of `ride`."""
FROM_ING = {form: verb for verb, form in ING.items()}
FROM_THIRD = {_third(verb): verb for verb in _VERBS}
BASE = frozenset(_VERBS)


# What is asked for with yes and no: the weight of its being denied, so that of Flickr8k each is there as often as not;
# what leaves it open whether it is there, by name and by the beginnings of words.
ASKED: dict[str, tuple[float, str, str]] = {
    "person": (
        100,
        " ".join(_PEOPLE),
        "hand arm leg feet foot face wear shirt rid driv surf ski throw leash shadow held",
    ),
    "child": (73, "person group boy girl baby", "young little small teen famil"),
    "man": (35, "person group boy child", "male"),
    "woman": (19, "person group girl child", "female"),
    "boy": (42, "person group man child baby", "young male teen"),
    "girl": (30, "person group woman child baby", "young female teen"),
    "dog": (17, "animal", "dog pup"),
    "cat": (0.31, "animal", "cat"),
    "horse": (1.4, "animal", "horse rid rodeo jockey bronc polo"),
    "bird": (1.8, "animal", "bird wing feather fly"),
    "cow": (0.43, "animal horse bull", "rodeo cow herd"),
    "bike": (7.2, "motorcycle", "bik cycl rid rac bmx pedal ramp vehicle"),
    "motorcycle": (2.2, "bike car", "moto bik rid rac dirt vehicle quad atv"),
    "car": (2.8, "truck bus", "car vehicle rac driv street road traffic park city van auto buggy"),
    "boat": (1.8, "canoe kayak raft", "boat paddl row sail vessel wak water sea ocean lake river dock pier harbor"),
    "skateboard": (2.4, "", "skat board ramp trick"),
    "surfboard": (0.74, "", "surf board wav"),
    "snowboard": (0.52, "", "snowboard board ski"),
    "sled": (0.33, "", "sled snow sli tub"),
    "guitar": (1, "", "guitar music instrument band perform stage concert play"),
    "ball": (
        10,
        "toy",
        "ball soccer tennis golf rugby game sport team hockey cricket lacrosse player croquet polo catch",
    ),
    "frisbee": (1.1, "toy", "disc disk catch toss throw object"),
    "stick": (2.1, "pole", "stick branch wood log twig hockey bat object"),
    "toy": (2.8, "ball frisbee", "toy play doll object balloon game"),
    "umbrella": (0.42, "tent", "umbrella rain canopy shad"),
    "bench": (1.9, "", "bench seat sit park street city"),
    "swing": (1.3, "rope", "swing playground"),
    "slide": (0.74, "", "slid playground"),
    "pool": (2.6, "", "pool swim div water splash"),
    "fountain": (0.96, "", "fountain water spray"),
    "snow": (7.2, "", "snow ice icy ski sled winter mountain cold glacier slope white"),
    "beach": (4.3, "", "beach sand ocean sea shore surf coast wav lake water"),
    "trampoline": (0.32, "", "trampolin bounc jump"),
    "tent": (0.39, "", "tent camp canopy"),
    "train": (0.36, "", "train rail subway track station"),
    "airplane": (0.19, "", "plane jet fly air sky"),
    "truck": (0.31, "car", "truck vehicle tractor jeep van suv"),
    "kayak": (0.43, "boat canoe raft", "kayak paddl water river row"),
    "book": (0.27, "", "book read page writ"),
    "microphone": (0.24, "", "mic sing perform stage speak band talk"),
    "rope": (0.85, "", "rope climb cord tug leash harness line swing"),
}


def find_noun(word: str) -> tuple[str, bool] | None:
    """What a noun names, such as `dog` for `puppies`, and whether it is of more than one; None for other words."""
    if word in _ONE:
        return _ONE[word], word in ALWAYS_PLURAL
    if word in _IRREGULAR:
        return _ONE[_IRREGULAR[word]], True
    for end, instead in (("ies", "y"), ("es", ""), ("s", "")):
        if word.endswith(end) and word.removesuffix(end) + instead in _ONE and len(word) > 3:
            return _ONE[word.removesuffix(end) + instead], True
    return None
