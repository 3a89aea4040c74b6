package synthetic

type place struct{ name, insee, postcode string }
type concept struct{ code, name string }

var (
	families = []string{"Martin", "Bernard", "Thomas", "Petit", "Robert", "Richard", "Durand", "Dubois", "Moreau", "Laurent", "Simon", "Michel",
		"Lefèvre", "Leroy", "Roux", "David", "Bertrand", "Morel", "Fournier", "Girard", "Bonnet", "Dupont", "Lambert", "Fontaine", "Rousseau",
		"Léger", "Müller", "Faure", "André", "Mercier", "Blanc", "Guérin", "Boyer", "Garnier", "Chevalier", "François", "Legrand", "Gauthier",
		"Garcia", "Perrin", "Robin", "Clément", "Morin", "Nicolas", "Henry", "Roussel", "Mathieu", "Gautier", "Masson", "Le Goff", "D'Amico", "Nguyễn"}
	girls = []string{"Marie", "Jeanne", "Françoise", "Monique", "Catherine", "Nathalie", "Isabelle", "Jacqueline", "Anne", "Sylvie", "Martine", "Zoé",
		"Hélène", "Chloé", "Léa", "Inès", "Camille", "Anaïs", "Maëlys", "Élodie", "Anne-Sophie", "Marie-Thérèse", "Aïcha", "Louise"}
	boys = []string{"Jean", "Pierre", "Michel", "André", "Philippe", "René", "Louis", "Alain", "Jacques", "Bernard", "Marcel", "Daniel", "Noël",
		"Loïc", "Jérôme", "Hugo", "Théo", "Raphaël", "Gaël", "Jean-Baptiste", "Jean-François", "Mehdi", "Maël", "Étienne"}
	streets = []string{"de la République", "Victor Hugo", "des Écoles", "du Général Leclerc", "Pasteur", "de l'Église", "Jean Jaurès", "des Lilas",
		"de la Gare", "du Moulin", "Gambetta", "Émile Zola"}
	towns = []place{{"Paris", "75114", "75014"}, {"Lyon", "69383", "69003"}, {"Marseille", "13205", "13005"}, {"Toulouse", "31555", "31000"},
		{"Nantes", "44109", "44000"}, {"Strasbourg", "67482", "67000"}, {"Lille", "59350", "59000"}, {"Rennes", "35238", "35000"},
		{"Ajaccio", "2A004", "20000"}, {"Bastia", "2B033", "20200"}, {"Besançon", "25056", "25000"}, {"Orléans", "45234", "45000"},
		{"Saint-Étienne", "42218", "42000"}, {"Angoulême", "16015", "16000"}}
	professions = []concept{{"10", "Médecin"}, {"21", "Pharmacien"}, {"40", "Chirurgien-dentiste"}, {"50", "Sage-femme"}, {"60", "Infirmier"},
		{"70", "Masseur-kinésithérapeute"}}
	conditions = []concept{{"I10", "Hypertension essentielle"}, {"E11.9", "Diabète de type 2"}, {"J45.9", "Asthme"}, {"M54.5", "Lombalgie basse"},
		{"F32.9", "Épisode dépressif"}, {"E78.0", "Hypercholestérolémie"}, {"G43.9", "Migraine"}}
	substances = []concept{{"J01CA04", "Amoxicilline"}, {"N02BA01", "Acide acétylsalicylique"}, {"M01AE01", "Ibuprofène"}}
	vaccines   = []concept{{"J07BB02", "Vaccin grippal"}, {"J07BD52", "Vaccin ROR"}, {"J07AM51", "Vaccin diphtérie-tétanos"}}
)
