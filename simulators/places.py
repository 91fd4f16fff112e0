"""Where invented wearers live, and what they are called: towns with rough coordinates, areas, names.

Coordinates are of the town's middle to about a kilometre. Names are put together at random from common first names
and surnames: nobody is meant.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Town:
    """``weight`` is the town's share of homes, in parts; ``pdu`` and ``force`` are ids of areas."""

    name: str
    lat: float
    lon: float
    weight: int
    region: str
    force: str

    @property
    def slug(self) -> str:
        return self.name.lower().replace(" ", "-")

    @property
    def pdu(self) -> str:
        return f"{self.slug}-pdu"


_TOWNS = """
London North|51.56|-0.11|60|london|metropolitan
London South|51.45|-0.09|60|london|metropolitan
London East|51.54|0.02|45|london|metropolitan
London West|51.51|-0.30|45|london|metropolitan
Croydon|51.37|-0.10|14|london|metropolitan
Birmingham|52.48|-1.90|44|west-midlands|west-midlands-police
Coventry|52.41|-1.51|13|west-midlands|west-midlands-police
Wolverhampton|52.59|-2.12|11|west-midlands|west-midlands-police
Stoke-on-Trent|53.01|-2.18|10|west-midlands|staffordshire
Worcester|52.19|-2.22|5|west-midlands|west-mercia
Telford|52.68|-2.46|6|west-midlands|west-mercia
Manchester|53.47|-2.24|32|north-west|greater-manchester
Bolton|53.58|-2.43|11|north-west|greater-manchester
Oldham|53.54|-2.11|10|north-west|greater-manchester
Liverpool|53.41|-2.95|26|north-west|merseyside
Preston|53.77|-2.70|9|north-west|lancashire
Blackburn|53.75|-2.48|8|north-west|lancashire
Carlisle|54.89|-2.93|4|north-west|cumbria
Warrington|53.39|-2.59|7|north-west|cheshire
Leeds|53.80|-1.55|27|yorkshire-humber|west-yorkshire
Bradford|53.79|-1.76|19|yorkshire-humber|west-yorkshire
Huddersfield|53.65|-1.79|8|yorkshire-humber|west-yorkshire
Sheffield|53.39|-1.47|20|yorkshire-humber|south-yorkshire
Doncaster|53.52|-1.13|10|yorkshire-humber|south-yorkshire
Hull|53.76|-0.36|11|yorkshire-humber|humberside
York|53.96|-1.08|5|yorkshire-humber|north-yorkshire
Newcastle|54.98|-1.62|15|north-east|northumbria
Sunderland|54.90|-1.40|9|north-east|northumbria
Middlesbrough|54.56|-1.24|10|north-east|cleveland
Darlington|54.53|-1.56|4|north-east|durham
Nottingham|52.95|-1.15|17|east-midlands|nottinghamshire
Leicester|52.64|-1.13|17|east-midlands|leicestershire
Derby|52.92|-1.48|10|east-midlands|derbyshire
Lincoln|53.22|-0.55|5|east-midlands|lincolnshire
Northampton|52.24|-0.89|9|east-midlands|northamptonshire
Norwich|52.63|1.29|7|east-of-england|norfolk
Ipswich|52.06|1.15|6|east-of-england|suffolk
Peterborough|52.58|-0.25|8|east-of-england|cambridgeshire
Cambridge|52.20|0.13|4|east-of-england|cambridgeshire
Luton|51.88|-0.42|10|east-of-england|bedfordshire
Colchester|51.88|0.90|6|east-of-england|essex
Southend|51.55|0.70|7|east-of-england|essex
Watford|51.66|-0.40|5|east-of-england|hertfordshire
Medway|51.38|0.54|11|south-east|kent
Maidstone|51.27|0.53|6|south-east|kent
Ashford|51.15|0.87|5|south-east|kent
Brighton|50.84|-0.15|9|south-east|sussex
Crawley|51.11|-0.19|5|south-east|sussex
Portsmouth|50.82|-1.07|9|south-east|hampshire
Southampton|50.92|-1.40|10|south-east|hampshire
Reading|51.45|-0.98|8|south-east|thames-valley
Oxford|51.75|-1.25|5|south-east|thames-valley
Slough|51.51|-0.60|6|south-east|thames-valley
Guildford|51.24|-0.58|4|south-east|surrey
Bristol|51.46|-2.59|16|south-west|avon-somerset
Gloucester|51.86|-2.24|6|south-west|gloucestershire
Swindon|51.56|-1.78|6|south-west|wiltshire
Plymouth|50.39|-4.13|9|south-west|devon-cornwall
Exeter|50.72|-3.52|4|south-west|devon-cornwall
Truro|50.27|-5.06|3|south-west|devon-cornwall
Bournemouth|50.74|-1.88|6|south-west|dorset
Cardiff|51.49|-3.19|14|wales|south-wales
Swansea|51.64|-3.95|9|wales|south-wales
Newport|51.59|-3.00|6|wales|gwent
Wrexham|53.05|-2.99|4|wales|north-wales
Bangor|53.22|-4.13|2|wales|north-wales
Aberystwyth|52.41|-4.06|2|wales|dyfed-powys
"""


def _read_towns() -> tuple[Town, ...]:
    towns = []
    for row in _TOWNS.strip().splitlines():
        name, lat, lon, weight, region, force = row.split("|")
        towns.append(Town(name, float(lat), float(lon), int(weight), region, force))
    return tuple(towns)


TOWNS = _read_towns()


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


FIRST_NAMES = _words("""
Aaron Abigail Adam Aisha Alan Alex Alice Amir Andrew Angela Anthony Asha Barry Ben Beth Brian Callum Carl Carol Chloe
Chris Claire Colin Connor Craig Daniel Darren David Dean Declan Donna Dylan Edward Elin Emma Eric Evan Faisal Fiona
Frank Gareth Gary George Glyn Grace Gwen Hannah Harry Hassan Heather Helen Hugh Ian Imran Isaac Jack Jade James Jamie
Jane Jason Jay Jenny Jodie John Jordan Joseph Josh Karen Karl Kate Kelly Ken Kevin Kieran Kyle Laura Lee Leon Lewis
Liam Linda Lisa Louise Lucy Luke Marcus Maria Mark Martin Mary Matt Megan Michael Mohammed Nadia Nathan Neil Nicola
Nigel Noah Omar Owen Patrick Paul Pavel Peter Phil Rachel Ravi Rhys Richard Rob Robin Rosa Ross Ruth Ryan Sadie Sam
Sanjay Sara Scott Sean Shane Simon Sofia Stan Stephen Steve Stuart Tanya Terry Theo Thomas Tina Toby Tom Tony Tracy
Tyler Victor Vikram Wayne Will Yusuf Zara Zoe
""")

SURNAMES = _words("""
Abbott Ahmed Akhtar Allen Archer Ashby Atkins Bailey Barker Barlow Bates Beckett Begum Bennett Bevan Birch Blackwood
Booth Bowen Bradley Bramley Briggs Brook Bryant Burke Burrows Calder Carr Carver Chandler Clarke Cole Cooper Cork
Coyle Crane Croft Curtis Dale Davies Dawes Dixon Dobbs Doyle Drake Dyer Eaton Edge Ellis Evans Farrow Fern Fielding
Finch Fletcher Flint Foster Frost Gale Garner Gibbs Goddard Gough Grant Greaves Griffiths Hale Hardy Harper Hart
Hawkes Heath Hobbs Holt Howell Hughes Hussain Ingram Ivory Jarvis Jenkins Jones Kemp Kerr Khan Kirk Knight Lacey Lamb
Lane Lark Lawson Leach Lloyd Locke Lowe Marsh Mason Mercer Miah Mills Moss Nash Neville Noble Nolan North Oakes Okoro
Osborne Owen Page Palmer Parry Patel Peel Pike Pope Potter Powell Price Pugh Quinn Rafferty Ramsey Reed Rees Rhodes
Rooke Rowe Sandford Savage Sharp Shaw Silva Singh Slater Snow Stone Swift Tanner Thorne Tate Todd Tranter Turner
Underhill Vale Vaughan Vickers Wade Walsh Webb Welsh West Whitlock Wilde Wren Yardley Yates York Young
""")
