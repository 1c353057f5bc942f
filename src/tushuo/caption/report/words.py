"""The words by which an English caption is held against what people wrote.

One line is a set of words that are taken to mean the same, inflected forms included; a caption's
word is supported where a reference has any word of its set. The lists hold what is frequent in
descriptions of everyday photographs. They know no grammar: "orange" is a colour even where it is a
fruit, and "a couple" is two.
"""

from __future__ import annotations

__all__ = ["CONTRADICTING", "GROUPS"]

_COLOUR = """
red maroon
blue navy
green
yellow blond blonde
orange
pink
purple violet
brown tan beige
black dark
white
gray grey silver
gold golden
multicolored colorful
"""
_COUNT = """
one single lone alone
two couple pair both
three
four
five
six seven eight nine ten
several many group crowd bunch lots team
"""
_GENDER = """
man men boy boys guy guys male males gentleman gentlemen he him his himself
woman women girl girls lady ladies female females she her hers herself
"""
_OBJECT = """
dog dogs puppy puppies poodle greyhound greyhounds terrier retriever shepherd
cat cats kitten kittens
horse horses pony
bird birds duck ducks seagull seagulls goose geese
cow cows bull sheep goat goats
person people man men woman women boy boys girl girls child children kid kids guy lady crowd
baby toddler infant
player players team
biker bikers cyclist cyclists bicyclist motorcyclist rider riders
skateboarder skateboarders skater skaters
snowboarder snowboarders skier skiers
surfer surfers
ball balls football basketball baseball softball volleyball
frisbee frisbees disc
toy toys
stick sticks branch branches
bike bikes bicycle bicycles motorcycle motorcycles motorbike scooter
skateboard skateboards
snowboard snowboards ski skis
surfboard surfboards
car cars truck trucks van jeep vehicle bus
boat boats canoe kayak raft ship
water ocean sea lake river pool pond stream creek wave waves surf
snow snowy ice
sand sandy beach shore
grass grassy lawn field
rock rocks rocky boulder boulders cliff stone stones
mountain mountains hill hills slope
tree trees woods forest wooded
flower flowers bush bushes
leaf leaves
dirt mud muddy
street road sidewalk pavement
track racetrack course
building buildings house houses shop store
bench benches chair chairs seat couch
table tables
fence railing rail rails
wall walls
stairs steps staircase
bridge bridges
swing swings slide playground
rope ropes leash
hat hats cap helmet helmets
shirt shirts t-shirt sweater sweatshirt
jacket jackets coat coats
dress dresses skirt
pants jeans shorts trunks
suit suits uniform uniforms costume costumes outfit
glasses sunglasses goggles
bag bags backpack backpacks purse
camera cameras phone cellphone
guitar guitars microphone
food cake cream
bottle glass drink beer
sign signs flag flags
tent umbrella
hurdle hurdles obstacle bar
hoop basket net goal
fire sprinkler fountain waterfall
"""
_ACTION = """
run runs running ran race races racing chase chases chasing chased
walk walks walking stroll strolling
jump jumps jumping jumped leap leaps leaping leapt
stand stands standing stood
sit sits sitting sat seated
lie lies lying lay lays laying rest resting sleep sleeping
ride rides riding rode ridden drive drives driving
climb climbs climbing climbed
swim swims swimming swam
swing swings swinging
slide slides sliding sled sledding
play plays playing played
hold holds holding held carry carries carrying carried
throw throws throwing threw thrown toss tossing
catch catches catching caught
kick kicks kicking
hit hits hitting
look looks looking watch watches watching stare staring
smile smiles smiling laugh laughs laughing
talk talks talking speak speaking
eat eats eating bite biting chew chewing
drink drinks drinking
dance dances dancing
sing sings singing
read reads reading
write writes writing draw drawing paint painting
fish fishing
ski skis skiing
snowboard snowboarding
surf surfs surfing
skateboard skateboarding skate skating
bike biking cycling
hike hikes hiking
dig digs digging
splash splashes splashing
fly flies flying
fall falls falling fell
pull pulls pulling push pushes pushing
kiss kisses kissing hug hugs hugging
wrestle wrestling fight fights fighting
pose poses posing
wave waves waving
point points pointing
cook cooks cooking
work works working
wait waits waiting
"""


def _sets(lines: str) -> dict[str, frozenset[str]]:
    """Each word with all words that mean the same."""
    sets = [frozenset(line.split()) for line in lines.split("\n") if line]
    words = {word for one in sets for word in one}
    return {word: frozenset().union(*(s for s in sets if word in s)) for word in words}


GROUPS = {
    "colour": _sets(_COLOUR),
    "count": _sets(_COUNT),
    "gender": _sets(_GENDER),
    "object": _sets(_OBJECT),
    "action": _sets(_ACTION),
}
"""Group -> word -> the words that support it."""

CONTRADICTING = ("colour", "count", "gender")
"""The groups in which another word of the group, and not this one, speaks against a caption."""
