"""Sixty invented practitioners, and where and when each works.

A line reads: title, given name, family name, sex, profession, speciality, languages, how full their days are (in
per cent), and a session; further sessions stand on indented lines below. A session is "clinic weekdays from-to lunch
room"; weekdays 0 is Monday; "/2" after the weekdays means every second week; "-" means no lunch or no usual room.
"""

from __future__ import annotations

PRACTITIONERS = """
Dr|Amara|Osei|f|doctor|Cardiology|en tw|88|harbour 01234 0830-1730 1230-1315 Room 1
Dr|Tomasz|Wilk|m|doctor|Cardiology|en pl|71|harbour 01234 0900-1700 1300-1345 Room 2
Dr|Priya|Raman|f|doctor|Dermatology|en ta hi|93|harbour 01234 0830-1730 1215-1300 Room 3
Dr|Hannah|Lindqvist|f|doctor|Dermatology|en sv|58|harbour 01234 0830-1330 1215-1300 Room 4
  northgate 0123 1430-1800 - Room 4
|Lewis|Carter|m|physiotherapist|Physiotherapy|en|84|harbour 01234 0800-1630 1200-1245 Physio A
|Noor|Haddad|f|physiotherapist|Physiotherapy,Pelvic health|en ar fr|47|harbour 01234 0930-1745 1300-1345 Physio B
Dr|Mei|Tanaka|f|doctor|Ultrasound|en ja|95|harbour 01234 0820-1700 1230-1310 Scan 1
Dr|Samuel|Adeyemi|m|doctor|General medicine|en yo|95|harbour 01234 0800-1730 1230-1300 Room 5
Dr|Elena|Petrova|f|doctor|Women’s health|en ru bg|63|harbour 01234 0900-1730 1230-1330 Room 6
Dr|Jonas|Meyer|m|doctor|ENT|en de|72|harbour 01234 0830-1700 1230-1315 Room 7
|Fiona|Gallacher|f|nurse|Nursing,Women’s screening|en gd|82|harbour 01234 0800-1600 1200-1230 Treatment 1
|Marcus|Webb|m|audiologist|Audiology|en bsl|66|harbour 024 0900-1700 1230-1315 Hearing booth 1
  northgate 13 0900-1700 1230-1315 Hearing booth 1
Dr|Ines|Cardoso|f|doctor|General medicine|en pt|86|northgate 01234 0800-1600 1200-1230 Room 1
Dr|Haroon|Sheikh|m|doctor|General medicine|en ur|78|northgate 0124 1000-1900 1330-1415 Room 2
  northgate 5 0900-1300 - Room 2
Dr|Catriona|Muir|f|doctor|ENT|en|69|northgate 01234 0830-1700 1230-1315 Room 3
Dr|Laszlo|Fekete|m|doctor|Cardiology|en hu|74|northgate 0123 0900-1730 1300-1345 Room 5
  kingsway 4 0900-1700 1300-1345 Room 8
|Tamsin|Boyle|f|physiotherapist|Physiotherapy|en|88|northgate 01234 0800-1600 1200-1245 Physio A
|Ikenna|Obi|m|physiotherapist|Physiotherapy|en ig|64|northgate 01234 1100-1900 1430-1515 Physio B
|Saskia|Verhoeven|f|sonographer|Ultrasound,Obstetric ultrasound|en nl|91|northgate 01234 0830-1700 1230-1315 Scan 1
|Dermot|Quill|m|sonographer|Ultrasound|en ga|70|northgate 013 0900-1800 1300-1345 Scan 2
  elmfield 24 0900-1700 1300-1345 Scan 1
Dr|Rukhsana|Mirza|f|psychologist|Psychology|en ur pa|77|northgate 0123 0900-1800 1300-1400 Quiet room 1
|Bethan|Pugh|f|nurse|Nursing,Women’s screening|en cy|84|northgate 01234 0800-1600 1200-1230 Treatment 1
Dr|Oskar|Nyberg|m|doctor|Orthopaedics|en sv no|80|northgate 024 0830-1730 1230-1315 Room 6
  riverside 13 0830-1730 1230-1315 Room 6
Dr|Adaora|Eze|f|doctor|Paediatrics|en ig|83|elmfield 01234 0830-1700 1230-1315 Room 1
Dr|Julian|Hartnell|m|doctor|General medicine|en fr|90|elmfield 01234 0830-1730 1230-1300 Room 2
Dr|Soraya|Karimi|f|doctor|General medicine|en fa|73|elmfield 0134 0900-1730 1300-1345 Room 3
Dr|Gareth|Llewelyn|m|doctor|Respiratory medicine|en cy|62|elmfield 024 0900-1700 1230-1315 Room 4
  millbrook 13 0900-1600 1230-1315 Room 1
|Anneke|Visser|f|physiotherapist|Physiotherapy,Pelvic health|en nl|79|elmfield 01234 0830-1630 1200-1245 Physio A
|Joshua|Amoah|m|physiotherapist|Physiotherapy|en tw|58|elmfield 0124 0900-1730 1300-1345 Physio B
|Maeve|Corrigan|f|nurse|Nursing,Women’s screening|en ga|80|elmfield 01234 0830-1630 1200-1230 Treatment 1
Dr|Viktoria|Stolz|f|psychologist|Psychology|en de|86|elmfield 0124 0900-1700 1230-1330 Quiet room 1
|Pascale|Dupont|f|dietitian|Dietetics|en fr|55|elmfield 02 0900-1700 1230-1315 Room 5
  harbour 13/2 0900-1600 1230-1315 Room 8
Dr|Zubair|Rahmani|m|doctor|Dermatology|en ps fa|76|elmfield 13 0900-1700 1230-1315 Room 6
  riverside 024 0830-1700 1230-1315 Room 1
Dr|Helen|Ashworth|f|doctor|Cardiology|en|82|riverside 01234 0800-1630 1200-1245 Room 2
Dr|Emeka|Nnadi|m|doctor|General medicine|en ig|92|riverside 01234 0730-1530 1130-1200 Room 3
Dr|Lucia|Ferrante|f|doctor|General medicine|en it|81|riverside 01234 1000-1830 1330-1415 Room 4
  riverside 5/2 0800-1400 - Room 4
Dr|Wei|Zhang|m|doctor|ENT|en zh|68|riverside 0124 0900-1700 1230-1315 Room 5
Dr|Nadine|Okoro|f|doctor|Women’s health|en ig fr|85|riverside 01234 0830-1700 1230-1315 Room 7
|Callum|Strachan|m|physiotherapist|Physiotherapy|en|87|riverside 01234 0730-1530 1130-1215 Physio A
|Divya|Menon|f|physiotherapist|Physiotherapy,Pelvic health|en ml|75|riverside 01234 0900-1730 1300-1345 Physio B
|Sean|Brophy|m|physiotherapist|Physiotherapy|en|51|riverside 13 1000-1830 1400-1445 Physio C
  millbrook 024 0900-1700 1230-1315 Physio A
|Malin|Ekström|f|sonographer|Ultrasound,Obstetric ultrasound|en sv|89|riverside 01234 0800-1630 1200-1245 Scan 1
|Kenji|Watanabe|m|sonographer|Ultrasound|en ja|72|riverside 01234 0930-1800 1300-1345 Scan 2
|Orla|Tierney|f|audiologist|Audiology|en|78|riverside 01234 0830-1630 1200-1245 Hearing booth 1
|Rashida|Begum|f|nurse|Nursing,Women’s screening|en bn|90|riverside 01234 0730-1530 1130-1200 Treatment 1
|Piers|Langdon|m|nurse|Nursing|en|67|riverside 01234 1000-1800 1330-1400 Treatment 2
  riverside 5 0800-1400 - Treatment 2
Dr|Farida|Noorzai|f|doctor|Paediatrics|en fa ps|79|riverside 13 0900-1700 1230-1315 Room 8
  kingsway 024 0900-1700 1230-1315 Room 1
Dr|Alistair|Crombie|m|doctor|Orthopaedics|en|74|kingsway 0134 0830-1700 1230-1315 Room 2
Dr|Chiamaka|Uzor|f|doctor|General medicine|en ig|88|kingsway 01234 0800-1600 1200-1230 Room 3
Dr|Benedikt|Hahn|m|doctor|General medicine|en de|70|kingsway 01234 1130-2000 1530-1615 Room 4
  kingsway 5 0900-1600 1230-1300 Room 4
Dr|Leonie|Garnier|f|doctor|Dermatology|en fr|83|kingsway 01234 0900-1730 1300-1345 Room 5
Dr|Yaw|Boakye|m|doctor|Respiratory medicine|en tw|60|kingsway 0123 0900-1700 1230-1315 Room 6
|Ffion|Gethin|f|physiotherapist|Physiotherapy|en cy|80|kingsway 01234 0800-1600 1200-1245 Physio A
|Stavros|Pappas|m|physiotherapist|Physiotherapy|en el|63|kingsway 01234 1200-2000 1530-1615 Physio B
  kingsway 5 0900-1600 1230-1315 Physio B
|Joy|Achieng|f|sonographer|Ultrasound,Obstetric ultrasound|en sw|85|kingsway 01234 0830-1700 1230-1315 Scan 1
|Noreen|Fitzgerald|f|nurse|Nursing,Women’s screening|en|77|kingsway 01234 0800-1600 1200-1230 Treatment 1
Dr|Aurelia|Popescu|f|doctor|Women’s health|en ro|66|kingsway 13 0900-1700 1230-1315 Room 7
  millbrook 024 0900-1700 1230-1315 Room 2
Dr|Rowan|Teasdale|m|doctor|General medicine|en|84|millbrook 01234 0900-1700 1230-1300 Room 3
Dr|Shreya|Kulkarni|f|doctor|Cardiology|en mr hi|61|millbrook 024 0900-1700 1230-1315 Room 4
  elmfield 13 0900-1700 1230-1315 Room 7
|Wanjiru|Kamau|f|nurse|Nursing,Women’s screening|en sw|72|millbrook 01234 0900-1700 1230-1300 Treatment 1
|Silvan|Moretti|m|dietitian|Dietetics|en it|54|millbrook 134 0900-1700 1230-1315 Room 5
  kingsway 02/2 0900-1700 1230-1315 -
"""
"""One practitioner a line."""
