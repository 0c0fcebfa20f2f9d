"""Invented names: given names by sex and family names, in families of names that go together, with a language."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class NameFamily:
    """Names that go together, how often they occur, and the language that some of these people prefer."""

    weight: int
    language: str
    women: tuple[str, ...]
    men: tuple[str, ...]
    families: tuple[str, ...]


def _family(weight: int, language: str, women: str, men: str, families: str) -> NameFamily:
    return NameFamily(weight, language, tuple(women.split()), tuple(men.split()), tuple(families.split()))


NAME_FAMILIES = (
    _family(
        34, "en",
        "Alice Beatrix Cecily Dorothy Edith Eleanor Elsie Emily Florence Frances Georgia Hannah Harriet Imogen Isla"
        " Jane Joan Judith Kathleen Laura Louise Lucy Mabel Margaret Martha Molly Naomi Olivia Paige Rachel Rosie"
        " Ruth Sadie Sarah Sylvia Tessa Victoria Wendy Winifred Zoe",
        "Albert Alfie Arthur Benjamin Callum Charles Christopher Daniel David Edward Edwin Frank George Harry Henry"
        " Jack James Joel John Joseph Keith Leonard Lewis Martin Matthew Nigel Oliver Oscar Otis Patrick Peter Robert"
        " Rupert Samuel Simon Theo Thomas Tobias Walter William",
        "Abbott Allerton Ashdown Attenborough Bancroft Barker Blake Broome Calloway Carrow Castell Clarkson Crewe Dent"
        " Ellery Fairbank Fairley Forsyth Frost Halliwell Hargreave Harrow Higgs Holloway Jennings Kerrigan Larkspur"
        " Lowe Marlowe Munday Osborne Pell Penrose Pickering Pryce Quigley Rowntree Stroud Sutton Tennant Thackeray"
        " Thornley Vance Wainwright Whitlock Winslow Wren Yardley",
    ),
    _family(
        8, "en",
        "Aoife Bronwen Catrin Ciara Eilidh Fionnuala Gwen Kirsty Mairi Megan Niamh Nerys Orla Sinead Sorcha",
        "Aled Angus Brendan Ciaran Colm Cormac Desmond Ewan Finn Gareth Hamish Liam Owain Rhys Ruaridh",
        "Bowen Callahan Carney Devlin Doherty Donal Driscoll Gallagher Griffiths Keane Lachlan Lockhart Maddock McBride"
        " McKinnon Munro O’Hara O’Neill Parry Probert Quinlan Rafferty Rees Reid Sweeney",
    ),
    _family(
        13, "hi",
        "Aditi Amina Anjali Ayesha Deepa Fatima Gita Indira Jaya Kavita Lakshmi Meera Nadia Neha Noor Parveen Priyanka"
        " Rani Rukmini Sana Shabnam Sunita Tara Uma Zara",
        "Ahmed Ajay Anil Arjun Ashok Bashir Dev Farhan Hassan Imtiaz Kiran Mohan Naveed Omar Pradeep Rahul Rajesh Ravi"
        " Salim Sanjay Tariq Usman Vikram Yusuf Zahid",
        "Ahmad Ali Bakshi Banerjee Bhatt Chandra Chowdhury Das Desai Gill Gupta Hussain Iqbal Joshi Kapoor Karim Kaur"
        " Khan Malhotra Menon Mistry Nair Patel Rahman Rao Saleh Sharma Siddiqui Singh Verma",
    ),
    _family(
        12, "yo",
        "Abena Adaeze Adwoa Aisha Amara Bolanle Chinwe Efua Esi Faith Fatou Folake Ifeoma Kemi Mariama Ngozi Nkechi"
        " Oluchi Temitope Yaa",
        "Adebayo Chidi Chukwuma Ebo Emeka Femi Ibrahim Kofi Kojo Kwabena Kwame Lamin Obinna Oluwaseun Segun Tunde Uche"
        " Yaw Ousmane Musa",
        "Achebe Adebayo Adeleke Afolabi Agyemang Antwi Asante Balogun Bello Boateng Diallo Eze Mensah Nwosu Obi Okafor"
        " Okonkwo Olawale Owusu Sesay Sow Uche",
    ),
    _family(
        8, "pl",
        "Agnieszka Alina Anya Danuta Ewa Halina Irena Jadwiga Katarzyna Magda Mila Oksana Petra Svetlana Zofia",
        "Andrzej Bogdan Dmitri Grzegorz Igor Jakub Janusz Krzysztof Lech Marek Pavel Piotr Stefan Viktor Wojciech",
        "Bielska Dvorak Hlavac Ivanova Jankowski Kania Kovacs Kowalczyk Lewandowski Marinov Nemeth Novak Petrov Popov"
        " Sikora Sokolov Volkov Wolski Zielinska Zukauskas",
    ),
    _family(
        6, "es",
        "Ana Beatriz Camila Carmen Catarina Chiara Elena Francesca Giulia Ines Leila Lucia Mariana Pilar Rosa",
        "Alejandro Andre Bruno Carlos Diego Duarte Felipe Giorgio Hugo Joao Luca Marco Miguel Pedro Rafael",
        "Almeida Alvarez Bianchi Castro Conti Costa Delgado Esposito Fernandes Garcia Marchetti Moreira Pereira Ramos"
        " Romano Ruiz Santos Silva Torres Vega",
    ),
    _family(
        5, "fr",
        "Amelie Camille Chloé Elise Hélène Ingrid Josée Lena Margaux Nadège Pauline Sunniva Simone Solène Hilda",
        "Antoine Bram Étienne Florian Gustav Hugues Jean-Paul Karl Lars Maurice Nils Rémi Sven Thierry Viggo",
        "Bernard Brandt Bergman Carlier Dahl de-Vries Fournier Girard Haas Jansen Keller Lambert Laurent Lindgren"
        " Marchand Morel Renard Solberg Svensson Vogel",
    ),
    _family(
        6, "zh",
        "Akiko Chiyo Grace Hana Hye-jin Jia Li Mei Mina Min-ji Ngoc Sakura Suki Thuy Xiu Yan Ying Yuki",
        "Bao Chen Daichi Eiji Haruto Hiroshi Jian Joon Kenji Long Minh Ren Sung Tao Tuan Wei Xiang Yong",
        "Chan Chang Cheung Hoang Ishii Kim Kimura Lau Lee Lim Liu Moon Mori Nguyen Park Pham Sato Tan Tran Wang Wong Wu"
        " Yamada Zhou",
    ),
    _family(
        5, "ar",
        "Amal Dalia Farah Hanan Jamila Layla Leyla Mona Nahla Rana Salma Samira Shirin Yasmin Zeynep",
        "Adnan Ali Bilal Cem Emre Faisal Hamza Idris Jamal Karim Mehmet Mustafa Nabil Rashid Tarek",
        "Aydin Bakr Demir El-Amin Farouk Haddad Hakimi Hosseini Ibrahim Kaya Mansour Moussa Nasser Noor Rahimi Sabbagh"
        " Shah Yilmaz Yusuf Zaman",
    ),
    _family(
        3, "so",
        "Abeba Amina Asha Hibo Hodan Ifrah Makeda Mwanajuma Sahra Selam Tigist Wambui Zawadi Nyambura",
        "Abdi Abebe Bekele Dawit Farah Girma Juma Liban Mwangi Omari Thabo Tesfaye Warsame Yonas",
        "Abdullahi Adan Bekele Dlamini Farah Gebre Hassan Kamara Kariuki Mohamed Mwangi Ndlovu Otieno Sibanda Tesfay"
        " Warsame",
    ),
)  # fmt: skip

STREETS = (
    "Alder Close",
    "Anchor Lane",
    "Bakers Row",
    "Birch Walk",
    "Canal Street",
    "Chapel Rise",
    "Cooper’s Yard",
    "Dock Road",
    "Ferry Lane",
    "Foundry Street",
    "Garden Terrace",
    "Granary Court",
    "Heron Way",
    "Jubilee Road",
    "Kestrel Avenue",
    "Lavender Hill Mews",
    "Linden Grove",
    "Mill Lane",
    "Nightingale Road",
    "Old Wharf",
    "Orchard Street",
    "Paradise Row",
    "Quaker Court",
    "Rope Walk",
    "Sycamore Avenue",
    "Tanner Street",
    "Union Place",
    "Vine Street",
    "Weir Road",
    "Yew Tree Close",
)
POSTCODE_AREAS = ("E1W", "N1", "SW12", "SE16", "WC2B", "SE8", "E14", "N7", "SE1", "SW4", "E3", "NW5")

FAMILIAR = (
    "Nerys Calloway|f;Oluwaseun Bello|m;Martin Kessler|m;Irena Novak|f;Desmond Pryce|m;Yusuf Karim|m;Beatrix Lowe|f"
    ";Haruto Ishii|m;Colm Rafferty|m;Adaeze Nwosu|f;Pauline Fournier|f;George Tan|m;Sorcha Devlin|f;Ravi Menon|m"
    ";Elsie Marlowe|f;Pedro Almeida|m;Nadia Farouk|f;Walter Higgs|m;Ingrid Solberg|f;Kofi Antwi|m;Lena Brandt|f"
    ";Tobias Frost|m;Aisha Rahman|f;Mabel Okafor|f;Liam Doherty|m;Ruth Attenborough|f;Naomi Castellan|f;Isla Penrose|f"
    ";Thabo Dlamini|m;Hannah Broome|f;Chiara Conti|f;Fatou Diallo|f"
)
"""People whom the documentation mentions; they exist in every demo, at the first clinic."""
